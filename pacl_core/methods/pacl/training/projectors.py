"""The bias-free linear maps q_v and q_t into the common space (paper Eq. 4), and its temperature."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

HIGHEST_SCALE = 100.0  # CLIP's bound (Radford et al. 2021): without it training became unstable


def make_projectors(image_dim: int, text_dim: int, dim: int, *, seed: int) -> nn.ModuleDict:
    """`image` [dim, D_v] and `text` [dim, D_t], normal with variance 1 / D so that norms are kept."""
    generator = torch.Generator().manual_seed(seed)
    projectors = nn.ModuleDict()
    for name, width in (("image", image_dim), ("text", text_dim)):
        linear = nn.Linear(width, dim, bias=False)
        nn.init.normal_(linear.weight, std=width**-0.5, generator=generator)
        projectors[name] = linear
    return projectors


def embed(projectors: nn.Module, image_VD: Tensor, text_TD: Tensor) -> tuple[Tensor, Tensor]:
    """Features [V, D_v] and [T, D_t] -> L2-normalised z_v [V, dim] and z_t [T, dim]."""
    assert isinstance(projectors, nn.ModuleDict)
    return normalize(projectors["image"](image_VD), dim=1), normalize(projectors["text"](text_TD), dim=1)


class LearnedTemperature(nn.Module):
    """A temperature that is learnt with the weights (off by default: the paper's is fixed).

    CLIP's form: the parameter is the logarithm of 1 / temperature.
    """

    def __init__(self, start: float) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(-math.log(start)))
        self._highest = math.log(max(HIGHEST_SCALE, 1 / start))

    def forward(self) -> Tensor:
        """The temperature, a scalar with a gradient, at 0.01 or above.

        The parameter itself is clamped: clamping the result would leave a parameter beyond the bound without
        a gradient.
        """
        with torch.no_grad():
            self.log_scale.clamp_(max=self._highest)
        return torch.exp(-self.log_scale)
