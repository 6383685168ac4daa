"""The losses of a batch whose rows are spread over one or several processes, by the same code."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pacl_core.methods.pacl.objective import (
    BestMatches,
    Labels,
    LocalRows,
    batch_diagnostics,
    local_partition_loss,
)
from pacl_core.methods.pacl.shards.read import Samples
from pacl_core.training.distributed import World
from pacl_core.training.method import Batch, Losses


class Embedded(NamedTuple):
    """Unit vectors of this process' images and texts, z_v and z_t, each [b, dim]."""

    images: Tensor
    texts: Tensor


def batch_losses(
    embedded: Embedded,
    batch: Batch,
    samples: Samples,
    *,
    temperature: float | Tensor,
    mixed: bool,
    world: World,
) -> Losses:
    """A term and its diagnostics for each partition of `batch`, which is that of all processes.

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
    groups = [batch] if mixed else [Batch({name: rows}) for name, rows in batch.parts.items()]
    terms: dict[str, Tensor] = {}
    figures: dict[str, Tensor] = {}
    for group in groups:
        found = _group_losses(local, group, samples, temperature=temperature, world=world)
        terms |= found.terms
        figures |= found.figures
    return Losses(terms, figures)


def _group_losses(
    local: Mapping[str, Embedded],
    batch: Batch,
    samples: Samples,
    *,
    temperature: float | Tensor,
    world: World,
) -> Losses:
    """The terms of partitions whose pairs are each other's candidates."""
    sizes = {name: len(rows) for name, rows in batch.parts.items()}
    gathered = [world.gather(torch.stack(local[name], dim=1), size) for name, size in sizes.items()]
    all_v, all_t = torch.cat(gathered).unbind(dim=1)
    offsets, start = {}, 0
    for name, size in sizes.items():
        offsets[name] = start + world.local_slice(size).start
        start += size
    rows_of = {name: _rows(local[name], all_v, all_t, offset=offset) for name, offset in offsets.items()}
    best = _best_matches(rows_of, sizes, world)
    labels = _labels(batch, samples, all_v.device)
    terms, figures, start = {}, {}, 0
    for name, size in sizes.items():
        loss = local_partition_loss(rows_of[name], name, labels, best=best, temperature=temperature)
        terms[name] = loss / size
        own = slice(start, start + size)
        for key, value in batch_diagnostics(own, name, labels, best=best).items():
            figures[f"{key}/{name}"] = value
        start += size
    return Losses(terms, figures)


def _rows(local: Embedded, all_v: Tensor, all_t: Tensor, *, offset: int) -> LocalRows:
    image_rows = local.images @ all_t.T
    whole = len(local.images) == len(all_v)  # then the texts' rows are the images' columns
    return LocalRows(image_rows, image_rows.T if whole else local.texts @ all_v.T, offset)


@torch.no_grad()
def _best_matches(rows_of: Mapping[str, LocalRows], sizes: Mapping[str, int], world: World) -> BestMatches:
    """The best matches of the whole batch; every process computes those of its own rows."""
    gathered = [
        world.gather(torch.stack([rows.text.argmax(dim=1), rows.image.argmax(dim=1)], dim=1), sizes[name])
        for name, rows in rows_of.items()
    ]
    return BestMatches(*torch.cat(gathered).unbind(dim=1))


def _labels(batch: Batch, samples: Samples, device: torch.device) -> Labels:
    rows = np.asarray(batch.rows())
    return Labels(
        torch.from_numpy(samples.factual_labels[rows]).to(device),
        torch.from_numpy(samples.emotional_labels[rows]).to(device),
    )
