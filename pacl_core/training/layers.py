"""How deep a weight lies, for learning rates that fall towards the input."""

from itertools import groupby

from torch import nn


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
