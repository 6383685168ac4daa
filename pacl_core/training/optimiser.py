"""AdamW with a learning rate per part of the model (paper 4.2)."""

import math
from collections.abc import Mapping
from itertools import groupby

import torch
from torch import Tensor, nn

from pacl_core.params.training import TrainingParams


def make_optimiser(
    model: nn.ModuleDict, learning_rates: Mapping[str, float], params: TrainingParams
) -> torch.optim.AdamW:
    """Groups by part of the model, decay and layer; a group has `part` and `full_lr`.

    `learning_rates`: of every part of the model. Norms and biases are not decayed.
    """
    groups: dict[tuple[str, float, float], list[Tensor]] = {}
    for part, module in model.items():
        full_lr = learning_rates[part]
        scales: dict[str, float] = {}
        if part == "backbone" and params.layer_decay is not None:
            scales = layer_scales(module, params.layer_decay)
        trained = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
        # norms' scales and biases are the parameters of one dimension
        for decay, chosen in (
            (params.weight_decay, [(name, p) for name, p in trained if p.ndim > 1]),
            (0.0, [(name, p) for name, p in trained if p.ndim <= 1]),
        ):
            for name, parameter in chosen:
                groups.setdefault((part, decay, full_lr * scales.get(name, 1.0)), []).append(parameter)
    # one kernel for the whole update; step by step it took half of a projector step on a CPU
    return torch.optim.AdamW(
        [
            {"params": chosen, "lr": lr, "weight_decay": decay, "part": part, "full_lr": lr}
            for (part, decay, lr), chosen in groups.items()
        ],
        fused=True,
    )


def layer_scales(backbone: nn.Module, decay: float) -> dict[str, float]:
    """Parameter name -> factor of its learning rate: 1 in the last layer, times `decay` per layer before it.

    As in ELECTRA and BEiT (Clark et al. 2020, Bao et al. 2022), with the projectors as the head.
    """
    depths = layer_depths(backbone)
    last = max(depths.values())
    return {name: decay ** (last - depth) for name, depth in depths.items()}


def layer_depths(backbone: nn.Module) -> dict[str, int]:
    """Parameter name -> its layer, from 0 at the input: timm's own grouping where the model has one.

    Elsewhere a layer is a numbered module (`blocks.3`), in the order of the parameters; what comes before
    the first of them is a layer of its own, and so is what stands between and after them.
    """
    names = [name for name, _ in backbone.named_parameters()]
    matcher = getattr(backbone, "group_matcher", None)
    if matcher is not None:
        from timm.models import group_parameters

        found: dict[str, int] = group_parameters(backbone, matcher(coarse=False), reverse=True)
        return {name: found[name] for name in names}
    return {name: depth for depth, (_, run) in enumerate(groupby(names, _numbered)) for name in run}


def _numbered(name: str) -> str | None:
    """`blocks.3.conv.weight` -> `blocks.3`; None where no part is a number."""
    parts = name.split(".")
    numbers = [place for place, part in enumerate(parts) if part.isdigit()]
    return ".".join(parts[: numbers[0] + 1]) if numbers else None


def learning_rate_factor(step: int, steps: int, warmup_steps: int = 0) -> float:
    """Factor of the learning rate at `step` (from 0) of `steps`.

    It grows linearly to 1 within the first `warmup_steps`, then follows a cosine from 1 down towards 0 at
    the end of the run.
    """
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    return 0.5 * (1 + math.cos(math.pi * (step - warmup_steps) / (steps - warmup_steps)))


def set_learning_rates(optimiser: torch.optim.Optimizer, factor: float) -> dict[str, float]:
    """Scale every group's `full_lr` by `factor`; returns the rate of each `part`, of its last layer."""
    rates: dict[str, float] = {}
    for group in optimiser.param_groups:
        group["lr"] = group["full_lr"] * factor
        rates[group["part"]] = max(group["lr"], rates.get(group["part"], 0.0))
    return rates


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
