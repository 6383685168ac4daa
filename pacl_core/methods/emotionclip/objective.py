"""Sentiment-guided contrastive loss (SNCE, EmotionCLIP Eq. 5-7): negatives of like sentiment repel less.

The one masked loss with a penalty: anchor i's own pair is its positive, all others its negatives, and
w_ij = beta / KL(s_i || s_j) is taken off their logits. B samples, K classes of sentiment.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from pacl_core.training.contrastive import LocalRows, RowPenalty, chunked_losses, masked_loss

Direction = Literal["forward", "reverse"]

# KL below it counts as equal sentiment: far above a float64 product's rounding
_EQUAL = 1e-9
# a KL that leaves no weight, for samples without sentiment; twice it is finite
_FAR = 1e300
# log of the probability of a class that is ruled out: 0 times it is 0, where 0 times -inf is NaN
_NEVER = -1e30
SUPPRESSED = 5.0
"""A weight above it takes a factor of 150 off a negative's repulsion."""


class SentimentWeights(NamedTuple):
    """The weights w of a batch, which are never there as a matrix: KL is `anchors` @ `candidates`.

    `anchors` [B, K + 2], `candidates` [K + 2, B] float64. w_ii is not 0: a pair is no negative of itself.
    """

    anchors: Tensor
    candidates: Tensor
    beta: float

    def rows(self, own: slice, dtype: torch.dtype = torch.float64) -> Tensor:
        """`[b, B]`: w of some anchors to all candidates, inf where their sentiment is equal.

        KL is computed in float64, what follows in `dtype`.
        """
        divergence = (self.anchors[own] @ self.candidates).to(dtype)
        # what is not above becomes 0, and beta / 0 is inf
        one = torch.threshold_(divergence, _EQUAL, 0.0).reciprocal_()
        return one if self.beta == 1 else one.mul_(self.beta)

    def penalty(self, offset: int = 0, dtype: torch.dtype = torch.float64) -> RowPenalty | None:
        """For the masked loss of anchors from `offset` on; none at beta 0, where inf would be 0 x inf."""
        if self.beta == 0:
            return None
        return lambda rows: self.rows(slice(offset + rows.start, offset + rows.stop), dtype)


def sentiment_weights(sentiment: Tensor, *, beta: float = 1.0, kl: Direction = "forward") -> SentimentWeights:
    """w of `sentiment` [B, K] logits; a row with a NaN has no sentiment: w is 0 in its row and its column.

    `forward`: KL(s_i || s_j), the paper's (Eq. 6); `reverse`: KL(s_j || s_i), its code's. Raises ValueError
    for fewer than two classes, a negative beta or an unknown direction.
    """
    if sentiment.ndim != 2 or sentiment.shape[1] < 2:
        raise ValueError(f"sentiment is [B, K] with K >= 2, not {list(sentiment.shape)}")
    if not 0 <= beta < float("inf"):
        raise ValueError(f"beta is at least 0, not {beta}")
    if kl not in ("forward", "reverse"):
        raise ValueError(f"unknown direction '{kl}'; known: forward, reverse")
    logs = sentiment.detach().double().log_softmax(dim=1)
    missing = logs.isnan().any(dim=1)
    logs = logs.masked_fill(missing[:, None], 0.0).clamp(min=_NEVER)
    shares = logs.exp().masked_fill(missing[:, None], 0.0)
    far = _FAR * missing.double()
    # KL(i || j) = sum p_i log p_i - sum p_i log p_j, and far away where either is missing
    own = (shares * logs).sum(dim=1) + far
    one = torch.ones_like(own)
    of_i = torch.cat([-shares, own[:, None], one[:, None]], dim=1)
    of_j = torch.cat([logs, one[:, None], far[:, None]], dim=1)
    one_side, other = (of_i, of_j) if kl == "forward" else (of_j, of_i)
    return SentimentWeights(one_side, other.T.contiguous(), beta)


def sentiment_guided_loss(
    similarity: Tensor,
    sentiment: Tensor,
    *,
    beta: float = 1.0,
    scale: float | Tensor = 100.0,
    kl: Direction = "forward",
) -> Tensor:
    """SNCE of one batch, a scalar: half the mean over videos plus half the mean over texts (Eq. 7).

    `similarity` [B, B] cosines, rows videos, columns texts; `sentiment` [B, K] logits of the texts' sentiment
    (any K >= 2), a row of NaN where it is missing. The loss of anchor i is
    -log(exp(l_ii) / sum over j of exp(l_ij - w_ij)), l = `scale` x cosine, with the same w_ij in both
    directions, w_ii = 0, no gradient through w. At beta 0 it is InfoNCE. Only `similarity` and vectors are
    kept for the backward pass. Raises ValueError where shapes or options are none of these.
    """
    if similarity.shape != (len(sentiment), len(sentiment)):
        raise ValueError(f"similarity {list(similarity.shape)} of {len(sentiment)} rows of sentiment")
    weights = sentiment_weights(sentiment, beta=beta, kl=kl)
    return sample_losses(LocalRows(similarity, similarity.T), weights, scale=scale).mean()


def sample_losses(
    rows: LocalRows, weights: SentimentWeights, *, scale: float | Tensor = 100.0, chunk: int | None = None
) -> Tensor:
    """The losses [b] of b samples in a batch of B, half the video's plus half the text's.

    `weights` are of the whole batch. The sum over all processes, divided by B, is `sentiment_guided_loss`.
    """
    partner = torch.arange(rows.offset, rows.offset + len(rows.image), device=rows.image.device)
    penalty = weights.penalty(rows.offset, torch.promote_types(rows.image.dtype, torch.float32))

    def one_direction(similarity: Tensor) -> Tensor:
        return masked_loss(similarity, partner, None, temperature=1 / scale, penalty=penalty, chunk=chunk)

    return 0.5 * one_direction(rows.image) + 0.5 * one_direction(rows.text)


def chunked_sample_losses(
    video_features: Tensor,
    text_features: Tensor,
    weights: SentimentWeights,
    *,
    scale: float | Tensor = 100.0,
    chunk: int = 1024,
) -> Tensor:
    """The losses [B] from L2-normalised features [B, D], in O(chunk x B) memory; their mean is SNCE."""

    def losses(rows: LocalRows) -> Tensor:
        return sample_losses(rows, weights, scale=scale)

    return chunked_losses(video_features, text_features, losses, chunk=chunk)


@torch.no_grad()
def suppressed_share(weights: SentimentWeights, *, chunk: int = 1024) -> Tensor:
    """The share of a batch's pairs (i, j), i not j, with w_ij > 5: negatives that hardly repel. A scalar."""
    size = len(weights.anchors)
    if weights.beta == 0 or size < 2:
        return weights.anchors.new_zeros(())
    found = weights.anchors.new_zeros(())
    for start in range(0, size, chunk):
        above = weights.rows(slice(start, start + chunk)) > SUPPRESSED
        found += above.sum() - above.diagonal(offset=start).sum()
    return found / (size * (size - 1))
