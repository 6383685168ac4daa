"""The loss of a large batch from its features, without ever holding the B x B similarities."""

import torch
from torch import Tensor

from pacl_core.methods.pacl.objective.anchors import Partition, sample_losses
from pacl_core.methods.pacl.objective.filters import BestMatches, Labels
from pacl_core.training.contrastive import LocalRows, chunked_losses


def chunked_partition_loss(
    image_features: Tensor,
    text_features: Tensor,
    partition: str,
    *,
    labels: Labels,
    temperature: float | Tensor = 0.07,
    chunk: int = 1024,
) -> Tensor:
    """`partition_loss` of `image_features` @ `text_features`.T, a scalar, in O(chunk x B) memory.

    Features [B, D], L2-normalised, row i of both is pair i; all else as in `partition_loss`. The loss is a
    mean over samples, and a sample's loss needs only its own row and column of similarities, the labels and
    the best matches of all samples. So the best matches are found first, without gradient, and the backward
    pass recomputes the rows of one chunk after the other. Peak memory, besides the features and their
    gradients, in floats: 2 chunk x B similarities and as much for their gradients. Kept for the backward
    pass: only the features and vectors of length B. The price is matrix products: three forward and six
    backward instead of one and two. Matmul may round a chunk's similarities differently from the whole
    matrix's, so an argmax among values equal up to rounding may differ.
    """
    losses = chunked_sample_losses(
        image_features, text_features, partition, labels=labels, temperature=temperature, chunk=chunk
    )
    return losses.mean()


def chunked_sample_losses(
    image_features: Tensor,
    text_features: Tensor,
    partition: Partition,
    *,
    labels: Labels,
    temperature: float | Tensor = 0.07,
    chunk: int = 1024,
) -> Tensor:
    """The losses [B] of which `chunked_partition_loss` is the mean; `partition` may be one per sample."""
    best = chunked_best_matches(image_features, text_features, chunk)

    def losses(rows: LocalRows) -> Tensor:
        return sample_losses(rows, partition, labels, best=best, temperature=temperature)

    return chunked_losses(image_features, text_features, losses, chunk=chunk)


@torch.no_grad()
def chunked_best_matches(image_features: Tensor, text_features: Tensor, chunk: int = 1024) -> BestMatches:
    """As `filters.best_matches`, of features [B, D] instead of their similarity."""
    best_text_V = []
    best_image_T = torch.zeros(len(text_features), dtype=torch.int64, device=text_features.device)
    highest_T = image_features.new_full((len(text_features),), -torch.inf)
    for offset in range(0, len(image_features), chunk):
        rows = image_features[offset : offset + chunk] @ text_features.T
        best_text_V.append(rows.argmax(dim=1))
        column_T, index_T = rows.max(dim=0)
        higher = column_T > highest_T  # not >=: of equal values the first is kept
        best_image_T = torch.where(higher, index_T + offset, best_image_T)
        highest_T = torch.where(higher, column_T, highest_T)
    return BestMatches(best_image_T, torch.cat(best_text_V))
