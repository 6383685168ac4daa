"""The contrastive loss underneath every method's: similarities, positives, negatives, what is taken off them.

Shapes: A anchors, C candidates, b anchors of one block.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import logsigmoid
from torch.utils.checkpoint import checkpoint

RowMask = Callable[[slice], Tensor]
"""A mask that is never there as a whole: block of anchors -> its `[b, C]` bool rows, freshly made."""

RowPenalty = Callable[[slice], Tensor]
"""Block of anchors -> `[b, C]` freshly made, >= 0, inf allowed: what is taken off the logits of negatives."""

# logits per block: few enough for a CPU's cache, enough to keep an accelerator busy
_CPU_BLOCK, _DEVICE_BLOCK = 2**17, 2**26


class LocalRows(NamedTuple):
    """The similarities of b samples in a batch of B; `offset` is the place of the first one in the batch.

    `image` [b, B]: of these images (or videos) to all texts, `text` [b, B]: of these texts to all images.
    """

    image: Tensor
    text: Tensor
    offset: int = 0


def local_rows(images: Tensor, texts: Tensor, everyone: tuple[Tensor, Tensor], *, offset: int) -> LocalRows:
    """Rows of b samples with features [b, D]; `everyone`: images and texts [B, D] of the whole batch."""
    all_images, all_texts = everyone
    image_rows = images @ all_texts.T
    whole = len(images) == len(all_images)  # then the texts' rows are the images' columns
    return LocalRows(image_rows, image_rows.T if whole else texts @ all_images.T, offset)


def chunked_losses(
    images: Tensor, texts: Tensor, losses: Callable[[LocalRows], Tensor], *, chunk: int
) -> Tensor:
    """The losses [B] of a batch from its features [B, D], without ever holding the B x B similarities.

    `losses` are those [b] of the samples of some rows, and draw no random numbers. The backward pass computes
    the rows of one chunk after the other again.
    """

    def of_chunk(all_images: Tensor, all_texts: Tensor, offset: int) -> Tensor:
        own = slice(offset, offset + chunk)
        return losses(LocalRows(all_images[own] @ all_texts.T, all_texts[own] @ all_images.T, offset))

    # without random numbers there is no generator's state to keep
    recomputed = partial(checkpoint, of_chunk, use_reentrant=False, preserve_rng_state=False)
    return torch.cat([recomputed(images, texts, offset) for offset in range(0, len(images), chunk)])


def masked_loss(
    similarity: Tensor,
    positives: Tensor,
    negatives: Tensor | RowMask | None,
    *,
    temperature: float | Tensor = 0.07,
    penalty: RowPenalty | None = None,
    chunk: int | None = None,
) -> Tensor:
    """Loss of every anchor, `[A]` float32 (float64 for float64 input); one direction of paper Eq. 3.

    `similarity` [A, C] (anchors x candidates, cosines), `positives` and `negatives` [A, C] bool; negatives
    None are all that are not positives. With
    P = sum over positives of exp(s / temperature), and N likewise over the negatives that are not
    positives, it is -log(P / (P + N)): the sum stays inside the log. An anchor without negatives has
    loss 0 and gradient 0; every anchor needs a positive.

    `penalty` is taken off s / temperature in N, which makes a negative repel less; at infinity it is none. It
    gets no gradient, and what it says of positives does not count.

    Where every anchor has one positive, `positives` [A] int64 may name it, and `negatives` may be a
    function that makes a block's rows. Then the backward pass keeps `similarity` and 2 A numbers, since
    the gradient (N / (P + N)) (softmax over N - softmax over P) / temperature needs only the sums; everything
    else is recomputed for `chunk` anchors at a time (default: a block that fits the cache).
    """
    return _MaskedLoss.apply(  # type: ignore[no-any-return]
        similarity, temperature, positives, negatives, penalty, chunk
    )


class _MaskedLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        similarity: Tensor,
        temperature: float | Tensor,
        positives: Tensor,
        negatives: Tensor | RowMask | None,
        penalty: RowPenalty | None,
        chunk: int | None,
    ) -> Tensor:
        dtype = torch.promote_types(similarity.dtype, torch.float32)
        positive_A, negative_A = similarity.new_empty(2, len(similarity), dtype=dtype)
        for rows in _blocks(similarity, chunk):
            logits = _logits(similarity[rows], temperature)
            masked = _of_negatives(logits, positives, negatives, penalty=penalty, rows=rows)
            negative_A[rows] = _log_sum(masked)
            if positives.dtype == torch.bool:
                positive_A[rows] = _log_sum(_masked(logits, positives[rows]))
            else:
                positive_A[rows] = logits.gather(1, positives[rows, None]).squeeze(1)
        learnt = temperature if isinstance(temperature, Tensor) else None
        ctx.save_for_backward(similarity, positive_A, negative_A, learnt)
        ctx.temperature = None if learnt is not None else temperature
        ctx.positives, ctx.negatives, ctx.penalty, ctx.chunk = positives, negatives, penalty, chunk
        # -log(P / (P + N)) = -log sigmoid(log P - log N), exact also where the loss is tiny
        return -logsigmoid(positive_A - negative_A)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient_A: Tensor) -> tuple[Tensor | None, ...]:
        similarity, positive_A, negative_A, learnt = ctx.saved_tensors
        temperature = ctx.temperature if learnt is None else learnt
        weight_A = gradient_A * torch.sigmoid(negative_A - positive_A) / temperature
        gradient = torch.empty_like(similarity)  # of a transposed view: transposed too
        by_temperature = gradient_A.new_zeros(())
        for rows in _blocks(similarity, ctx.chunk):
            logits = _logits(similarity[rows], temperature)
            masked = _of_negatives(logits, ctx.positives, ctx.negatives, penalty=ctx.penalty, rows=rows)
            block = masked.softmax(dim=1).mul_(weight_A[rows, None])
            if ctx.positives.dtype == torch.bool:
                block -= _masked(logits, ctx.positives[rows]).softmax(dim=1) * weight_A[rows, None]
            else:
                block.scatter_add_(1, ctx.positives[rows, None], -weight_A[rows, None])
            if gradient.stride(0) == 1:  # turned within the cache, then copied along memory
                gradient.T[:, rows] = block.T.contiguous()
            else:
                gradient[rows] = block
            if ctx.needs_input_grad[1]:  # d loss / d temperature = -sum of gradient x logits
                by_temperature -= block.mul_(logits).sum()
        temperature_gradient = (
            by_temperature.to(learnt.dtype).reshape(learnt.shape) if ctx.needs_input_grad[1] else None
        )
        return gradient, temperature_gradient, None, None, None, None


def _blocks(similarity: Tensor, chunk: int | None) -> Iterator[slice]:
    anchors, candidates = similarity.shape
    block = _CPU_BLOCK if similarity.device.type == "cpu" else _DEVICE_BLOCK
    step = chunk or max(1, block // max(1, candidates))
    return (slice(start, min(start + step, anchors)) for start in range(0, anchors, step))


def _logits(similarity: Tensor, temperature: float | Tensor) -> Tensor:
    # half precision has too few digits for s / 0.01, so logits are at least float32
    wide = similarity.to(torch.promote_types(similarity.dtype, torch.float32))
    return wide.contiguous() / temperature


def _negative_rows(positives: Tensor, negatives: Tensor | RowMask | None, rows: slice) -> Tensor:
    """[b, C] bool: the negatives that are not positives."""
    if negatives is None:
        return ~positives[rows]
    mask = negatives[rows].clone() if isinstance(negatives, Tensor) else negatives(rows)
    if positives.dtype == torch.bool:
        return mask.logical_and_(~positives[rows])
    return mask.scatter_(1, positives[rows, None], False)


def _of_negatives(
    logits: Tensor,
    positives: Tensor,
    negatives: Tensor | RowMask | None,
    *,
    penalty: RowPenalty | None,
    rows: slice,
) -> Tensor:
    """[b, C]: the logits of negatives less their penalty, elsewhere the lowest number."""
    if penalty is not None:
        taken = penalty(rows).to(logits.dtype)
        logits = torch.sub(logits, taken, out=taken)
    elif negatives is None:
        logits = logits.clone()
    single = positives.dtype != torch.bool
    if negatives is None and single:  # one number a row to replace, instead of a mask
        return logits.scatter_(1, positives[rows, None], -torch.finfo(logits.dtype).max)
    if penalty is not None:  # where it is infinite `_masked` could not make a finite number of it
        logits = (
            logits.scatter_(1, positives[rows, None], 0.0)
            if single
            else logits.masked_fill_(positives[rows], 0.0)
        )
    return _masked(logits, _negative_rows(positives, negatives, rows))


def _masked(logits: Tensor, mask: Tensor) -> Tensor:
    """The logits where the mask holds, elsewhere the lowest number.

    Not -inf: a row where it holds nowhere then has a finite softmax, and 0 times it is 0, not NaN. A sum
    instead of where(), as it does not branch: on a CPU it is several times as fast (so is widening bytes
    instead of bools).
    """
    excluded = (~mask).view(torch.uint8).to(logits.dtype)
    return torch.sub(logits, excluded, alpha=torch.finfo(logits.dtype).max)


def _log_sum(masked: Tensor) -> Tensor:
    """log of the sum of exp over a row, [b]."""
    # log_softmax is x - log_sum in one fused pass, which logsumexp is not; exact at the highest x
    return masked.amax(dim=1) - masked.log_softmax(dim=1).amax(dim=1)
