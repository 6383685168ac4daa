"""AdamW with a learning rate per part of the model, and its cosine (paper 4.2)."""

import math

import torch
from torch import nn

from pacl_core.params.training import TrainParams


def make_optimiser(backbone: nn.Module, projectors: nn.Module, params: TrainParams) -> torch.optim.AdamW:
    """Groups by part and decay; a group has `part` and `full_lr`. Norms and biases are not decayed."""
    groups = []
    for part, module, lr in (
        ("backbone", backbone, params.backbone_lr),
        ("projectors", projectors, params.projector_lr),
    ):
        trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
        # norms' scales and biases are the parameters of one dimension
        for decay, chosen in (
            (params.weight_decay, [parameter for parameter in trained if parameter.ndim > 1]),
            (0.0, [parameter for parameter in trained if parameter.ndim <= 1]),
        ):
            if chosen:
                groups.append(
                    {"params": chosen, "lr": lr, "weight_decay": decay, "part": part, "full_lr": lr}
                )
    # one kernel for the whole update; step by step it took half of a projector step on a CPU
    return torch.optim.AdamW(groups, fused=True)


def cosine(step: int, steps: int) -> float:
    """Factor of the learning rate at `step` (from 0) of `steps`: from 1 down towards 0 over the run."""
    return 0.5 * (1 + math.cos(math.pi * step / steps))


def set_learning_rates(optimiser: torch.optim.Optimizer, factor: float) -> dict[str, float]:
    """Scale every group's full rate by `factor`; returns the rate of each part."""
    rates = {}
    for group in optimiser.param_groups:
        group["lr"] = group["full_lr"] * factor
        rates[group["part"]] = group["lr"]
    return rates
