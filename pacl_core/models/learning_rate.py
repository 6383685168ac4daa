"""The learning rate of every step: a factor of each group's full rate (paper 4.2)."""

import math

import torch


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
