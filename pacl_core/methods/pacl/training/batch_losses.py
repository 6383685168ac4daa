"""The losses of a batch whose rows are spread over one or several processes, by the same code."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pacl_core.methods.pacl.objective import (
    BestMatches,
    Labels,
    batch_diagnostics,
    local_partition_loss,
)
from pacl_core.methods.pacl.shards.read import Samples
from pacl_core.models.frozen import on_device
from pacl_core.training.contrastive import LocalRows, local_rows
from pacl_core.training.distributed import World
from pacl_core.training.method import Batch, Losses


class Embedded(NamedTuple):
    """Unit vectors of this process' images and texts, z_v and z_t, each [b, dim]."""

    images: Tensor
    texts: Tensor


def batch_losses(
    embedded: Embedded,
    batch: Batch,
    labels: Labels,
    *,
    temperature: float | Tensor,
    mixed: bool,
    world: World,
) -> Losses:
    """A term and its diagnostics for each partition of `batch`; it and its `labels` are of all processes.

    `embedded` are this process' rows of `batch.local(world)`, one partition after the other. An anchor's
    candidates are the batch of its own partition or, if `mixed`, those of all partitions: each anchor then
    follows its partition's rule, and has pairs of the others as negatives too. With B candidates and N
    processes, memory holds B / N rows of similarities in each direction.
    """
    sizes = [len(rows) for rows in batch.local(world).parts.values()]
    local = {
        name: Embedded(images, texts)
        for name, images, texts in zip(
            batch.parts,
            torch.split(embedded.images, sizes),
            torch.split(embedded.texts, sizes),
            strict=True,
        )
    }
    counts = {name: len(rows) for name, rows in batch.parts.items()}
    if mixed:
        return _group_losses(local, counts, labels, temperature=temperature, world=world)
    terms: dict[str, Tensor] = {}
    figures: dict[str, Tensor] = {}
    start = 0
    for name, count in counts.items():
        own = Labels(*(values[start : start + count] for values in labels))
        found = _group_losses(local, {name: count}, own, temperature=temperature, world=world)
        terms |= found.terms
        figures |= found.figures
        start += count
    return Losses(terms, figures)


def _group_losses(
    local: Mapping[str, Embedded],
    sizes: Mapping[str, int],
    labels: Labels,
    *,
    temperature: float | Tensor,
    world: World,
) -> Losses:
    """The terms of partitions, of `sizes` pairs with these `labels`, that are each other's candidates."""
    gathered = [world.gather(torch.stack(local[name], dim=1), size) for name, size in sizes.items()]
    all_v, all_t = torch.cat(gathered).unbind(dim=1)
    offsets, start = {}, 0
    for name, size in sizes.items():
        offsets[name] = start + world.local_slice(size).start
        start += size
    rows_of = {
        name: local_rows(*local[name], (all_v, all_t), offset=offset) for name, offset in offsets.items()
    }
    best = _best_matches(rows_of, sizes, world)
    terms, figures, start = {}, {}, 0
    for name, size in sizes.items():
        loss = local_partition_loss(rows_of[name], name, labels, best=best, temperature=temperature)
        terms[name] = loss / size
        own = slice(start, start + size)
        for key, value in batch_diagnostics(own, name, labels, best=best).items():
            figures[f"{key}/{name}"] = value
        start += size
    return Losses(terms, figures)


@torch.no_grad()
def _best_matches(rows_of: Mapping[str, LocalRows], sizes: Mapping[str, int], world: World) -> BestMatches:
    """The best matches of the whole batch; every process computes those of its own rows."""
    gathered = [
        world.gather(torch.stack([rows.text.argmax(dim=1), rows.image.argmax(dim=1)], dim=1), sizes[name])
        for name, rows in rows_of.items()
    ]
    return BestMatches(*torch.cat(gathered).unbind(dim=1))


def labels_of(samples: Samples, batch: Batch, device: str) -> Labels:
    """The pseudo-labels of the batch of all processes, one partition after the other."""
    rows = np.asarray(batch.rows())
    return Labels(
        on_device(samples.factual_labels[rows], device), on_device(samples.emotional_labels[rows], device)
    )
