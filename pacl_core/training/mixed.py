"""A step on one batch from all partitions: its terms, and what the curves show of them.

Each anchor follows its partition's rule, with the whole batch as candidates. Against a batch per partition
it meets pairs of the other partitions as negatives too, and the backbone sees `batch_size` images in a
step in place of `batch_size` per partition.
"""

import torch
from torch import Tensor

from pacl_core.methods.pacl.objective import (
    PARTITIONS,
    emotional_filter,
    factual_filter,
    mixed_terms,
    partition_masks,
)
from pacl_core.training.batches import Rows
from pacl_core.training.losses import Losses
from pacl_core.training.negatives import without_negatives


def mixed_loss_of(
    similarity: Tensor,
    batches: dict[str, Rows],
    factual_labels: Tensor,
    emotional_labels: Tensor,
    temperature: float | Tensor,
    losses: Losses,
) -> Tensor:
    """The sum of the terms, a scalar with its graph; each is noted in `losses`, and so are the shares.

    `similarity` [B, B] and the labels are of the `batches` one after the other.
    """
    numbers = torch.tensor([PARTITIONS.index(name) for name in batches])
    sizes = torch.tensor([len(rows) for rows in batches.values()])
    partition_B = numbers.repeat_interleave(sizes).to(similarity.device)
    labels = factual_labels, emotional_labels
    terms = mixed_terms(similarity, partition_B, *labels, temperature)
    with torch.no_grad():
        for name in batches:
            own = partition_B == PARTITIONS.index(name)
            losses.terms[name] = terms[PARTITIONS.index(name)].detach()
            for share, value in _shares(similarity, name, *labels, own).items():
                losses.shares[f"{share}/{name}"] = value
    return terms.sum()


def _shares(
    similarity: Tensor, partition: str, factual_labels: Tensor, emotional_labels: Tensor, own: Tensor
) -> dict[str, Tensor]:
    """As `objective.batch_shares`, and `without_negatives`, of the anchors `own` [B] bool among all."""
    shares: dict[str, Tensor] = {}
    partner = torch.arange(len(similarity), device=similarity.device)
    others = partner[:, None] != partner
    if len(similarity) > 1:
        if partition in ("partial_emotional", "weak"):
            shares["excluded_by_factual"] = _part(factual_filter(similarity, factual_labels), others, own)
        if partition in ("partial_factual", "weak"):
            excluded = emotional_filter(similarity, emotional_labels)
            shares["excluded_by_emotional"] = _part(excluded, others, own)
    if partition == "weak":
        moved_V = (similarity.argmax(dim=1) != partner)[own]
        moved_T = (similarity.argmax(dim=0) != partner)[own]
        shares["rebuilt"] = 0.5 * moved_V.float().mean() + 0.5 * moved_T.float().mean()
    masks = partition_masks(similarity, partition, factual_labels, emotional_labels)
    return shares | {"without_negatives": without_negatives(masks, own)}


def _part(excluded: Tensor, others: Tensor, own: Tensor) -> Tensor:
    """Share of the own anchors' other candidates, in both directions, that are excluded."""
    images, texts = excluded[own][others[own]], excluded.T[own][others[own]]
    return 0.5 * images.float().mean() + 0.5 * texts.float().mean()
