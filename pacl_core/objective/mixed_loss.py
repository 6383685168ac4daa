"""One batch from all partitions: each anchor under its partition's rule, the whole batch as candidates."""

import torch
from torch import Tensor

from pacl_core.objective.anchors import PARTITIONS, sample_losses
from pacl_core.objective.filters import best_image, best_text


def mixed_terms(
    similarity: Tensor,
    partitions: Tensor,
    factual_labels: Tensor,
    emotional_labels: Tensor,
    temperature: float | Tensor = 0.07,
    chunk: int | None = None,
) -> Tensor:
    """L1 to L4 of a mixed batch, [4] in the order of `PARTITIONS`; 0 for a partition without samples.

    `partitions` [B] int64 are indices into `PARTITIONS`, one per pair; all else as in `partition_loss`. A
    term is the mean over the anchors of its partition. What a pair's partition says holds for it as an
    anchor, image and text; as a candidate it serves every anchor alike. Against a batch per partition an
    anchor meets more negatives, some of them from partitions whose own pairs fit badly, and the similarity
    of 4 partitions of b samples each costs (4b)^2 in place of 4 b^2.
    """
    losses = sample_losses(
        similarity,
        similarity.T,
        0,
        partitions,
        factual_labels,
        emotional_labels,
        best_image(similarity),
        best_text(similarity),
        temperature,
        chunk,
    )
    return partition_means(losses, partitions)


def mixed_loss(
    similarity: Tensor,
    partitions: Tensor,
    factual_labels: Tensor,
    emotional_labels: Tensor,
    temperature: float | Tensor = 0.07,
    chunk: int | None = None,
) -> Tensor:
    """The plain sum of the terms (Eq. 17), a scalar. Arguments as in `mixed_terms`."""
    terms = mixed_terms(similarity, partitions, factual_labels, emotional_labels, temperature, chunk)
    return terms.sum()


def partition_means(losses: Tensor, partitions: Tensor) -> Tensor:
    """[4]: the mean of the samples' `losses` [B] per partition, 0 where there are none."""
    sums = losses.new_zeros(len(PARTITIONS)).index_add(0, partitions, losses)
    return sums / torch.bincount(partitions, minlength=len(PARTITIONS)).clamp(min=1)
