"""L1 .. L4: for a whole batch, for the rows that one of several processes holds, for a batch of all
partitions."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from pacl_core.methods.pacl.objective.anchors import anchors_of, sample_losses
from pacl_core.methods.pacl.objective.filters import BestMatches, Labels, best_matches
from pacl_core.methods.pacl.partitions import PARTITIONS
from pacl_core.training.contrastive import LocalRows


class Masks(NamedTuple):
    """Positives and negatives of a batch: four `[B, B]` bool matrices, all indexed [image, text].

    Row v of the `image_` masks belongs to image anchor v, column t of the `text_` masks to text anchor t.
    """

    image_positives: Tensor
    image_negatives: Tensor
    text_positives: Tensor
    text_negatives: Tensor


def partition_masks(similarity: Tensor, partition: str, labels: Labels) -> Masks:
    """Positives and negatives of one batch: Eq. 5, 8, 11 or 14. Arguments as in `partition_loss`."""
    size, everyone = len(similarity), slice(None)
    rows = LocalRows(similarity, similarity.T)
    images, texts = anchors_of(rows, partition, labels, best=best_matches(similarity))
    return Masks(
        image_positives=one_hot(images.positive, size).bool(),
        image_negatives=images.negatives(everyone),
        text_positives=one_hot(texts.positive, size).bool().T,
        text_negatives=texts.negatives(everyone).T,
    )


def partition_loss(
    similarity: Tensor,
    partition: str,
    labels: Labels,
    *,
    temperature: float | Tensor = 0.07,
    chunk: int | None = None,
) -> Tensor:
    """L1 (strong), L2 (partial_emotional), L3 (partial_factual) or L4 (weak) of one batch, a scalar.

    `similarity` [B, B] cosines, rows images, columns texts. Every argmax is taken on detached similarities.
    Half the mean over image anchors plus half the mean over text anchors. Only `similarity` and vectors are
    kept for the backward pass; both passes need O(chunk x B) memory besides `similarity` and its gradient.
    Raises ValueError for an unknown partition. Paper Eq. 5, 8, 11, 14.
    """
    rows, best = LocalRows(similarity, similarity.T), best_matches(similarity)
    return sample_losses(rows, partition, labels, best=best, temperature=temperature, chunk=chunk).mean()


def local_partition_loss(
    rows: LocalRows,
    partition: str,
    labels: Labels,
    *,
    best: BestMatches,
    temperature: float | Tensor = 0.07,
) -> Tensor:
    """What b local samples add to the `partition_loss` of a batch of B, times B: a scalar.

    `labels` and `best` are of the whole batch. The sum over all processes, divided by B, is the
    `partition_loss`.
    """
    return sample_losses(rows, partition, labels, best=best, temperature=temperature).sum()


def mixed_terms(
    similarity: Tensor,
    partitions: Tensor,
    labels: Labels,
    *,
    temperature: float | Tensor = 0.07,
    chunk: int | None = None,
) -> Tensor:
    """L1 to L4 of a batch of all partitions, [4] in the order of `PARTITIONS`; 0 for one without samples.

    `partitions` [B] int64 are indices into `PARTITIONS`, one per pair; all else as in `partition_loss`. A
    term is the mean over the anchors of its partition. A pair's partition decides how its image and its text
    are treated as anchors; as candidates they are the same for every anchor. Compared with a batch per
    partition an anchor has more negatives, some of them from partitions whose own pairs fit badly, and the
    similarity of 4 partitions of b samples each costs (4b)^2 instead of 4 b^2.
    """
    rows, best = LocalRows(similarity, similarity.T), best_matches(similarity)
    losses = sample_losses(rows, partitions, labels, best=best, temperature=temperature, chunk=chunk)
    return partition_means(losses, partitions)


def mixed_loss(
    similarity: Tensor,
    partitions: Tensor,
    labels: Labels,
    *,
    temperature: float | Tensor = 0.07,
    chunk: int | None = None,
) -> Tensor:
    """The plain sum of the terms (Eq. 17), a scalar. Arguments as in `mixed_terms`."""
    return mixed_terms(similarity, partitions, labels, temperature=temperature, chunk=chunk).sum()


def partition_means(losses: Tensor, partitions: Tensor) -> Tensor:
    """[4]: the mean of the samples' `losses` [B] per partition, 0 where there are none."""
    sums = losses.new_zeros(len(PARTITIONS)).index_add(0, partitions, losses)
    return sums / torch.bincount(partitions, minlength=len(PARTITIONS)).clamp(min=1)
