"""One step's gradients: the backbone over the batches of all active partitions, their losses summed."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from pacl_core.errors import UserError
from pacl_core.methods.pacl.objective import batch_shares, partition_loss, partition_masks
from pacl_core.methods.pacl.shards.read import Samples
from pacl_core.training.batches import Rows
from pacl_core.training.distributed import ALONE, Ranks
from pacl_core.training.losses import Losses
from pacl_core.training.mixed import mixed_loss_of
from pacl_core.training.negatives import without_negatives
from pacl_core.training.projectors import embed
from pacl_core.training.rank_step import share_of_losses
from pacl_core.training.temperature import LearnedTemperature


class NotFiniteError(UserError):
    """A loss or gradient is infinite or no number."""


def add_gradients(
    features: Callable[[Tensor], Tensor],
    projectors: nn.ModuleDict,
    images: Tensor,
    batches: dict[str, Rows],
    samples: Samples,
    temperature: float | LearnedTemperature,
    together: bool,
    where: str,
    mixed: bool = False,
    group: Ranks = ALONE,
) -> Losses:
    """Add the gradients of the summed losses of one batch per partition; returns the losses.

    `images` [sum of B, 3, H, W] float32 are the images of `batches` one after the other, on the device
    where everything happens; `features` is the backbone. Candidates of an anchor are its own batch only,
    so the partitions' gradients simply add up: `together` they share one forward (and the statistics of a
    normalisation that updates), else they follow one another and memory holds one batch's activations.
    `mixed` takes them for one batch, whose anchors have all of it as candidates. Of several ranks, `images`
    is this one's share, and the gradients of all ranks are summands. Raises `NotFiniteError` for a loss that
    is not finite, with `where` (the step), its term and its samples.
    """
    losses = Losses()
    groups = [batches] if together or mixed else [{partition: rows} for partition, rows in batches.items()]
    start = 0
    for chosen in groups:
        size = sum(len(rows) for rows in group.own(chosen).values())
        own = images[start : start + size]
        arguments = (features, projectors, own, chosen, samples, temperature, losses, mixed)
        total = _summed(*arguments) if group.alone else share_of_losses(*arguments, group)
        _check_finite(losses, chosen, samples, where)
        total.backward()  # type: ignore[no-untyped-call]
        start += size
    return losses


def _summed(
    features: Callable[[Tensor], Tensor],
    projectors: nn.ModuleDict,
    images: Tensor,
    batches: dict[str, Rows],
    samples: Samples,
    temperature: float | LearnedTemperature,
    losses: Losses,
    mixed: bool,
) -> Tensor:
    """The sum of the batches' losses with its graph; each is noted in `losses`."""
    rows = np.concatenate(list(batches.values()))
    text_TD = torch.from_numpy(np.array(samples.texts[rows])).to(images.device)
    factual = torch.from_numpy(samples.factual_labels[rows]).to(images.device)
    emotional = torch.from_numpy(samples.emotional_labels[rows]).to(images.device)
    z_v, z_t = embed(projectors, features(images).float(), text_TD)
    tau = temperature if isinstance(temperature, float) else temperature()
    if mixed:
        return mixed_loss_of(z_v @ z_t.T, batches, factual, emotional, tau, losses)
    terms = []
    start = 0
    for partition, batch in batches.items():
        own = slice(start, start + len(batch))
        start += len(batch)
        similarity = z_v[own] @ z_t[own].T
        labels = factual[own], emotional[own]
        loss = partition_loss(similarity, partition, *labels, tau)
        terms.append(loss)
        losses.terms[partition] = loss.detach()
        with torch.no_grad():
            for name, share in batch_shares(similarity, partition, *labels).items():
                losses.shares[f"{name}/{partition}"] = share
            masks = partition_masks(similarity, partition, *labels)
            losses.shares[f"without_negatives/{partition}"] = without_negatives(masks)
    return torch.stack(terms).sum()


def _check_finite(losses: Losses, batches: dict[str, Rows], samples: Samples, where: str) -> None:
    for partition, rows in batches.items():
        loss = losses.terms[partition].item()
        if not math.isfinite(loss):
            ids = ", ".join(samples.sample_ids[row] for row in rows)
            raise NotFiniteError(
                f"{where}: loss of {partition} is {loss}; lower the learning rates in 'train', or mend "
                f"what is wrong with these samples: {ids}"
            )
