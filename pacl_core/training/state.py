"""Everything that a step changes, in one place: weights, moments, averages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Average = dict[str, Tensor]


@dataclass(frozen=True)
class TrainState:
    """`average`: the moving average of the parameters by name, empty where none is asked for."""

    model: nn.ModuleDict
    optimiser: torch.optim.Optimizer
    average: Average

    @property
    def parameters(self) -> list[Tensor]:
        """What the optimiser moves, in its order."""
        return [parameter for group in self.optimiser.param_groups for parameter in group["params"]]


def start_average(model: nn.Module) -> Average:
    """A copy of the model's parameters, by name."""
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


@torch.no_grad()
def update_average(average: Average, model: nn.Module, decay: float) -> None:
    """average <- decay x average + (1 - decay) x parameter, in place (Polyak averaging).

    Buffers are not averaged: statistics of a normalisation are a moving average already.
    """
    parameters = [parameter.detach() for _, parameter in model.named_parameters()]
    torch._foreach_lerp_(list(average.values()), parameters, 1 - decay)


@torch.no_grad()
def load_average(model: nn.Module, average: Average) -> None:
    """Give the model the averaged parameters, for good. An empty average changes nothing."""
    if average:
        for name, parameter in model.named_parameters():
            parameter.copy_(average[name])


@contextmanager
def evaluating(state: TrainState) -> Iterator[None]:
    """Within it the model has its averaged parameters and is in evaluation mode; then both as before."""
    modes = [(module, module.training) for module in state.model.modules()]
    own = start_average(state.model) if state.average else {}
    load_average(state.model, state.average)
    state.model.eval()
    try:
        yield
    finally:
        load_average(state.model, own)
        for module, training in modes:  # parents first; `train` drops what some layers keep of a forward
            module.train(training)
