"""Everything that a step changes, in one place: weights, moments, averages."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pacl_core.methods.pacl.params import TrainParams
from pacl_core.models.backbones import Backbone
from pacl_core.training.averaging import Average, start_average
from pacl_core.training.distributed import ALONE, Ranks
from pacl_core.training.forward import features_of, one_forward, prepare
from pacl_core.training.optimiser import make_optimiser
from pacl_core.training.projectors import make_projectors
from pacl_core.training.sync_batch_norm import rank_features
from pacl_core.training.temperature import LearnedTemperature


@dataclass(frozen=True)
class Learner:
    """`model` holds `backbone`, `projectors` and, where it is learnt, `temperature`.

    `features` runs the backbone; `together`: on all batches of a step at once; `mixed`: they are one batch.
    `average` is empty where none is asked for. `group`: this process among those that learn together.
    """

    model: nn.ModuleDict
    projectors: nn.ModuleDict
    temperature: float | LearnedTemperature
    optimiser: torch.optim.Optimizer
    average: Average
    features: Callable[[Tensor], Tensor]
    together: bool
    mixed: bool
    group: Ranks


def make_learner(
    backbone: Backbone, text_dim: int, params: TrainParams, device: str, group: Ranks = ALONE
) -> Learner:
    """The backbone, moved to the device in place, and new projectors, before the first step."""
    module = prepare(backbone.module, params, device)
    projectors = make_projectors(backbone.dim, text_dim, params.dim, params.seed).to(device)
    model = nn.ModuleDict({"backbone": module, "projectors": projectors})
    temperature: float | LearnedTemperature = params.temperature
    if params.temperature_learnable:
        model["temperature"] = temperature = LearnedTemperature(params.temperature).to(device)
    return Learner(
        model=model,
        projectors=projectors,
        temperature=temperature,
        optimiser=make_optimiser(model, params),
        average=start_average(model) if params.ema is not None else {},
        features=rank_features(features_of(module, params, device), module, backbone.dim, group),
        together=one_forward(params, device),
        mixed=params.batching == "mixed",
        group=group,
    )
