"""L1 .. L4: of a whole batch, or of the rows that one process of several holds."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from pacl_core.methods.pacl.objective.anchors import PARTITIONS, sample_losses, select_anchors
from pacl_core.methods.pacl.objective.filters import best_image, best_text, image_keys, text_keys


class Masks(NamedTuple):
    """Who is what to whom: four `[B, B]` bool matrices, all indexed [image, text].

    Row v of the `image_` masks belongs to image anchor v, column t of the `text_` masks to text anchor t.
    """

    image_positives: Tensor
    image_negatives: Tensor
    text_positives: Tensor
    text_negatives: Tensor


def partition_masks(
    similarity: Tensor, partition: str, factual_labels: Tensor, emotional_labels: Tensor
) -> Masks:
    """Positives and negatives of one batch: Eq. 5, 8, 11 or 14. Arguments as in `partition_loss`."""
    size = len(similarity)
    best_text_V, best_image_T = best_text(similarity), best_image(similarity)
    image = image_keys(factual_labels, emotional_labels, best_text_V)
    text = text_keys(factual_labels, emotional_labels, best_image_T)
    everyone = slice(0, size)
    images = select_anchors(everyone, partition, image, text, best_text_V)
    texts = select_anchors(everyone, partition, text, image, best_image_T)
    return Masks(
        image_positives=one_hot(images.positive, size).bool(),
        image_negatives=images.negatives(everyone),
        text_positives=one_hot(texts.positive, size).bool().T,
        text_negatives=texts.negatives(everyone).T,
    )


def partition_loss(
    similarity: Tensor,
    partition: str,
    factual_labels: Tensor,
    emotional_labels: Tensor,
    temperature: float | Tensor = 0.07,
    chunk: int | None = None,
) -> Tensor:
    """L1 (strong), L2 (partial_emotional), L3 (partial_factual) or L4 (weak) of one batch, a scalar.

    `similarity` [B, B] cosines, rows images, columns texts; labels [B] int64, factual ones of the images,
    emotional ones of the texts. Every argmax is taken on detached similarities. Half the mean over image
    anchors plus half the mean over text anchors. Nothing but `similarity` and vectors is kept for the
    backward pass; both passes make O(chunk x B) at a time beside it and its gradient. Raises ValueError
    for an unknown partition. Paper Eq. 5, 8, 11, 14.
    """
    return sample_losses(
        similarity,
        similarity.T,
        0,
        partition,
        factual_labels,
        emotional_labels,
        best_image(similarity),
        best_text(similarity),
        temperature,
        chunk,
    ).mean()


def local_partition_loss(
    image_rows: Tensor,
    text_rows: Tensor,
    offset: int,
    partition: str,
    factual_labels: Tensor,
    emotional_labels: Tensor,
    best_image_T: Tensor,
    best_text_V: Tensor,
    temperature: float | Tensor = 0.07,
) -> Tensor:
    """What b local samples add to the `partition_loss` of a batch of B, times B: a scalar.

    `image_rows` [b, B] are similarities of the local images to all texts, `text_rows` [b, B] of the local
    texts to all images; `offset` is the global index of the first local sample. Of the whole batch: labels
    [B], `best_image_T` [B] int64 the image that matches each text best, `best_text_V` [B] the text that
    matches each image best. The sum over all processes, divided by B, is the `partition_loss`.
    """
    return sample_losses(
        image_rows,
        text_rows,
        offset,
        partition,
        factual_labels,
        emotional_labels,
        best_image_T,
        best_text_V,
        temperature,
    ).sum()


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
