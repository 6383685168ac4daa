"""The exponential moving average of the weights (Polyak): often better than the last ones."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

Average = dict[str, Tensor]


def start_average(model: nn.Module) -> Average:
    """A copy of the model's parameters, by name."""
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


@torch.no_grad()
def update_average(average: Average, model: nn.Module, decay: float) -> None:
    """average <- decay x average + (1 - decay) x parameter, in place.

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
def averaged(model: nn.Module, average: Average) -> Iterator[None]:
    """Within it the model has the averaged parameters, afterwards its own again."""
    own = start_average(model) if average else {}
    load_average(model, average)
    try:
        yield
    finally:
        load_average(model, own)
