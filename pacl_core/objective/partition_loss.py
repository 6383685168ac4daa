"""From labels and a partition's name to masks (paper 3.3.2 to 3.3.4), and from masks to L1 .. L4."""

from typing import NamedTuple

import torch
from torch import Tensor

from pacl_core.objective.filters import emotional_filter, factual_filter, off_diagonal
from pacl_core.objective.masked_loss import masked_loss

PARTITIONS = ("strong", "partial_emotional", "partial_factual", "weak")


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
    if partition not in PARTITIONS:
        raise ValueError(f"unknown partition '{partition}'; known: {', '.join(PARTITIONS)}")
    negatives = off_diagonal(similarity)
    if partition in ("partial_emotional", "weak"):
        negatives = negatives & ~factual_filter(similarity, factual_labels)
    if partition in ("partial_factual", "weak"):
        negatives = negatives & ~emotional_filter(similarity, emotional_labels)
    if partition != "weak":
        partners = ~off_diagonal(similarity)
        return Masks(partners, negatives, partners, negatives)
    order = torch.arange(len(similarity), device=similarity.device)
    best_text_V = similarity.detach().argmax(dim=1)  # Eq. 12
    best_image_T = similarity.detach().argmax(dim=0)  # Eq. 13
    return Masks(
        image_positives=order[None, :] == best_text_V[:, None],
        image_negatives=negatives,
        text_positives=order[:, None] == best_image_T[None, :],
        text_negatives=negatives,
    )


def batch_loss(similarity: Tensor, masks: Masks, temperature: float | Tensor = 0.07) -> Tensor:
    """Half the mean over image anchors plus half the mean over text anchors (Eq. 3), a scalar."""
    images = masked_loss(similarity, masks.image_positives, masks.image_negatives, temperature)
    texts = masked_loss(similarity.T, masks.text_positives.T, masks.text_negatives.T, temperature)
    return 0.5 * images.mean() + 0.5 * texts.mean()


def partition_loss(
    similarity: Tensor,
    partition: str,
    factual_labels: Tensor,
    emotional_labels: Tensor,
    temperature: float | Tensor = 0.07,
) -> Tensor:
    """L1 (strong), L2 (partial_emotional), L3 (partial_factual) or L4 (weak) of one batch, a scalar.

    `similarity` [B, B] cosines, rows images, columns texts; labels [B] int64, factual ones of the images,
    emotional ones of the texts. Every argmax is taken on detached similarities. Raises ValueError for an
    unknown partition. Paper Eq. 5, 8, 11, 14.
    """
    masks = partition_masks(similarity, partition, factual_labels, emotional_labels)
    return batch_loss(similarity, masks, temperature)
