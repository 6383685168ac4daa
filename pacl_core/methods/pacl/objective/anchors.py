"""From labels and partitions to the positives and negatives of some anchors of a batch (paper 3.3.2-3.3.4).

Both directions, the whole batch, a chunk of it and the rows of one process are the same few lines: a set
of anchors, images or texts, against all candidates of the other modality.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from pacl_core.methods.pacl.objective.filters import BestMatches, Keys, Labels, image_keys, text_keys
from pacl_core.methods.pacl.partitions import PARTITIONS, REBUILDS, USES_EMOTIONAL, USES_FACTUAL
from pacl_core.training.contrastive import LocalRows, masked_loss

Partition = str | Tensor
"""One partition's name for all anchors, or `[B]` int64 indices into `PARTITIONS`, one per sample."""


class Anchors(NamedTuple):
    """The keys that decide an anchor's positive and negatives: vectors of A anchors, or of C candidates.

    A filter that no anchor uses has keys None.
    """

    partner: Tensor
    positive: Tensor
    factual: Tensor | None
    candidate_factual: Tensor
    emotional: Tensor | None
    candidate_emotional: Tensor

    def negatives(self, rows: slice) -> Tensor:
        """[b, C] bool: Eq. 5, 8, 11 or 14 for a block of the anchors."""
        partner = self.partner[rows, None]
        mask = torch.ones(len(partner), len(self.candidate_factual), dtype=torch.bool, device=partner.device)
        mask.scatter_(1, partner, False)
        if self.factual is not None:
            mask &= self.factual[rows, None] != self.candidate_factual
        if self.emotional is not None:
            mask &= self.emotional[rows, None] != self.candidate_emotional
        return mask


def select_anchors(
    own: slice, partition: Partition, anchors: Keys, *, candidates: Keys, best: Tensor
) -> Anchors:
    """The samples `own` of a batch as anchors of one modality.

    `anchors` and `candidates` are the keys [B] of the modalities, `best` [B] is every anchor's best
    candidate, all for the whole batch. Raises ValueError for an unknown partition.
    """
    partner = torch.arange(own.start, own.stop, device=best.device)
    if isinstance(partition, str):
        if partition not in PARTITIONS:
            raise ValueError(f"unknown partition '{partition}'; known: {', '.join(PARTITIONS)}")
        factual = anchors.factual[own] if partition in USES_FACTUAL else None
        emotional = anchors.emotional[own] if partition in USES_EMOTIONAL else None
        positive = best[own] if partition in REBUILDS else partner
    else:
        partition_A = partition[own]
        factual = _only(anchors.factual[own], _among(partition_A, USES_FACTUAL), candidates.factual)
        emotional = _only(anchors.emotional[own], _among(partition_A, USES_EMOTIONAL), candidates.emotional)
        positive = torch.where(_among(partition_A, REBUILDS), best[own], partner)
    return Anchors(partner, positive, factual, candidates.factual, emotional, candidates.emotional)


def sample_losses(
    rows: LocalRows,
    partition: Partition,
    labels: Labels,
    *,
    best: BestMatches,
    temperature: float | Tensor = 0.07,
    chunk: int | None = None,
) -> Tensor:
    """The losses [b] of b samples in a batch of B: half the image's loss plus half the text's (Eq. 3).
    `labels`, `best` and `partition` [B], unless it is a name, are those of the whole batch.
    """
    of_images, of_texts = anchors_of(rows, partition, labels, best=best)
    image_A = masked_loss(
        rows.image, of_images.positive, of_images.negatives, temperature=temperature, chunk=chunk
    )
    text_A = masked_loss(
        rows.text, of_texts.positive, of_texts.negatives, temperature=temperature, chunk=chunk
    )
    return 0.5 * image_A + 0.5 * text_A


def anchors_of(
    rows: LocalRows, partition: Partition, labels: Labels, *, best: BestMatches
) -> tuple[Anchors, Anchors]:
    """The samples of `rows` as anchors: their images against all texts, their texts against all images."""
    own = slice(rows.offset, rows.offset + len(rows.image))
    images, texts = image_keys(labels, best), text_keys(labels, best)
    return (
        select_anchors(own, partition, images, candidates=texts, best=best.text_V),
        select_anchors(own, partition, texts, candidates=images, best=best.image_T),
    )


def _among(partition_A: Tensor, names: tuple[str, ...]) -> Tensor:
    return torch.stack([partition_A == PARTITIONS.index(name) for name in names]).any(dim=0)


def _only(keys: Tensor, chosen: Tensor, candidates: Tensor) -> Tensor:
    """The keys where `chosen` holds, elsewhere a key that no candidate has."""
    return torch.where(chosen, keys, candidates.min() - 1)
