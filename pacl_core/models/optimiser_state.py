"""An optimiser's moments as named tensors, for checkpoints without pickles."""

from collections.abc import Mapping

import torch
from torch import Tensor


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """`<parameter's place>.<moment>` -> tensor; learning rates are not among them."""
    return {
        f"{index}.{name}": value
        for index, parameter in enumerate(_parameters(optimiser))
        for name, value in optimiser.state[parameter].items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give the moments back to an optimiser of the same parameters, on their devices."""
    parameters = _parameters(optimiser)
    for key, value in tensors.items():
        place, _, name = key.partition(".")
        parameter = parameters[int(place)]
        # moments have their parameter's memory layout and device, as a run without a break would have
        like = parameter if value.shape == parameter.shape else value
        optimiser.state[parameter][name] = torch.empty_like(like, device=parameter.device).copy_(value)


def _parameters(optimiser: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]
