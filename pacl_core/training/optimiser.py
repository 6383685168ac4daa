"""AdamW or SGD with a learning rate per part of the model (paper 4.2), and how rates change in a run."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, groupby

import torch
from torch import Tensor, nn

from pacl_core.params.training import Momentum, Staircase, TrainingParams
from pacl_core.training.method import LearningRate

Scaling = Callable[[float], float]
"""From a group's full learning rate to that of a step."""


def make_optimiser(
    model: nn.ModuleDict, learning_rates: Mapping[str, LearningRate], params: TrainingParams
) -> torch.optim.AdamW | torch.optim.SGD:
    """Groups by part of the model, decay and layer; a group has `part` and `full_lr`.

    `learning_rates`: of every part of the model, or of each of its parameters. AdamW does not decay norms
    and biases; SGD does.
    """
    kind = params.optimiser
    decay_of_norms = params.weight_decay if isinstance(kind, Momentum) else 0.0
    groups: dict[tuple[str, float, float], list[Tensor]] = {}
    for part, module in model.items():
        given = learning_rates[part]
        scales: dict[str, float] = {}
        if part == "backbone" and params.layer_decay is not None:
            scales = layer_scales(module, params.layer_decay)
        trained = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
        # norms' scales and biases are the parameters of one dimension
        for decay, chosen in (
            (params.weight_decay, [(name, p) for name, p in trained if p.ndim > 1]),
            (decay_of_norms, [(name, p) for name, p in trained if p.ndim <= 1]),
        ):
            for name, parameter in chosen:
                full_lr = given(name, parameter) if callable(given) else given
                groups.setdefault((part, decay, full_lr * scales.get(name, 1.0)), []).append(parameter)
    chosen_groups = [
        {"params": chosen, "lr": lr, "weight_decay": decay, "part": part, "full_lr": lr}
        for (part, decay, lr), chosen in groups.items()
    ]
    if isinstance(kind, Momentum):
        # one kernel for the whole update takes a quarter of the time of a few of all parameters
        descent = torch.optim.SGD(chosen_groups, momentum=kind.momentum, fused=True)
        for group in descent.param_groups:
            for parameter in group["params"]:
                # torch's kernel goes wrong where a gradient first comes later; from zero it is the same sum
                descent.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        return descent
    # one kernel for the whole update; step by step it took half of a projector step on a CPU
    return torch.optim.AdamW(chosen_groups, betas=kind.betas, eps=kind.eps, fused=True)


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


# EmotionCLIP's: the rate at the first step of the warm-up over the full one, and the lowest rate
_FIRST, _LOWEST = 1e-5, 1e-10


def scaling_at(step: int, steps: Sequence[int], params: TrainingParams) -> Scaling:
    """The rates of `step` (from 0) of a run of epochs of `steps` each.

    `params.descent` step: `learning_rate_factor`. epoch: as EmotionCLIP was trained, a cosine that falls from
    epoch to epoch towards 1e-10, after a line from 1e-5 of the full rate to where the cosine is at its end.
    A staircase falls between epochs, and its warm-up is a line to the full rate.
    """
    descent, ends = params.descent, list(accumulate(steps))
    if descent == "step":
        factor = learning_rate_factor(step, sum(steps), params.warmup_steps)
        return lambda full: full * factor

    def epoch_of(at: int) -> int:
        return sum(end <= at for end in ends)

    if isinstance(descent, Staircase):
        warm = min(1.0, (step + 1) / params.warmup_steps) if params.warmup_steps else 1.0
        height = warm * descent.factor ** (epoch_of(step) // descent.epochs)
        return lambda full: full * height

    def cosine(full: float, at: int) -> float:
        epoch = epoch_of(at)
        return _LOWEST + 0.5 * (full - _LOWEST) * (1 + math.cos(math.pi * epoch / len(steps)))

    def rate(full: float) -> float:
        if step >= params.warmup_steps:
            return cosine(full, step)
        first, last = _FIRST * full, cosine(full, params.warmup_steps)
        return first + (last - first) * step / params.warmup_steps

    return rate


def set_learning_rates(optimiser: torch.optim.Optimizer, scaling: float | Scaling) -> dict[str, float]:
    """Set each group's rate from its `full_lr`; returns the rate of each `part`, of its last layer."""
    rates: dict[str, float] = {}
    for group in optimiser.param_groups:
        full = group["full_lr"]
        group["lr"] = scaling(full) if callable(scaling) else full * scaling
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
