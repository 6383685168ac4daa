"""One step: gradients to new weights, clipped, averaged, and what happens where they are not finite."""

import logging

import torch
from torch import Tensor

from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.shards.read import Samples
from pacl_core.training.averaging import update_average
from pacl_core.training.batches import Rows
from pacl_core.training.losses import Losses
from pacl_core.training.state import Learner
from pacl_core.training.step import NotFiniteError, add_gradients
from pacl_core.training.temperature import LearnedTemperature

log = logging.getLogger("pacl")


def update(
    learner: Learner,
    samples: Samples,
    images: Tensor,
    batches: dict[str, Rows],
    params: TrainParams,
    where: str,
) -> dict[str, Tensor]:
    """One optimiser step; its scalars for the curves, the norm of all gradients before clipping among them.

    `images` [sum of B, 3, H, W] are the images of `batches`, of several ranks this one's share. A loss or
    gradient that is not finite raises `NotFiniteError` with `where`, the term and its samples; with
    `non_finite: skip` it leaves everything as it was, and `skipped_steps` is 1 (else 0).
    """
    skips = params.non_finite == "skip"
    # the forward of a normalisation that updates would keep what is not finite in its statistics
    before = [(buffer, buffer.clone()) for buffer in learner.model.buffers()] if skips else []
    try:
        losses = _gradients(learner, samples, images, batches, where)
        norm = gradient_norm(learner.optimiser)
        if not torch.isfinite(norm):
            raise _not_finite(learner, samples, images, batches, where)
    except NotFiniteError as error:
        if not skips:
            raise
        for buffer, value in before:
            buffer.copy_(value)
        log.warning("skipped %s", error)
        return {"skipped_steps": torch.ones(())}
    if params.clip_norm is not None:
        torch.nn.utils.clip_grads_with_norm_(_parameters(learner.optimiser), params.clip_norm, norm)
    learner.optimiser.step()
    scalars = {f"loss/{term}": loss for term, loss in losses.terms.items()}
    scalars |= losses.shares | {"gradient_norm": norm}
    if isinstance(learner.temperature, LearnedTemperature):
        learner.temperature.bound()
        scalars["temperature"] = learner.temperature().detach()
    if params.ema is not None:
        update_average(learner.average, learner.model, params.ema)
    return scalars | ({"skipped_steps": torch.zeros(())} if skips else {})


def gradient_norm(optimiser: torch.optim.Optimizer) -> Tensor:
    """The Euclidean norm of all gradients as one vector, a scalar."""
    gradients = [parameter.grad for parameter in _parameters(optimiser) if parameter.grad is not None]
    return torch.nn.utils.get_total_norm(gradients)


def _gradients(
    learner: Learner, samples: Samples, images: Tensor, batches: dict[str, Rows], where: str
) -> Losses:
    learner.optimiser.zero_grad()
    losses = add_gradients(
        learner.features,
        learner.projectors,
        images,
        batches,
        samples,
        learner.temperature,
        learner.together,
        where,
        learner.mixed,
        learner.group,
    )
    learner.group.add_up_gradients(_parameters(learner.optimiser))
    return losses


def _not_finite(
    learner: Learner, samples: Samples, images: Tensor, batches: dict[str, Rows], where: str
) -> NotFiniteError:
    """Names the terms whose own gradients are not finite; all of them where none is by itself."""
    named: dict[str, Rows] = {}
    start = 0
    for partition, rows in batches.items():
        size = len(rows[learner.group.share(len(rows))])
        _gradients(learner, samples, images[start : start + size], {partition: rows}, where)
        start += size
        if not torch.isfinite(gradient_norm(learner.optimiser)):
            named[partition] = rows
    named = named or batches
    ids = ", ".join(samples.sample_ids[row] for rows in named.values() for row in rows)
    return NotFiniteError(
        f"{where}: gradient of {' + '.join(named)} is not finite; lower the learning rates in 'train', or "
        f"mend what is wrong with these samples: {ids}"
    )


def _parameters(optimiser: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]
