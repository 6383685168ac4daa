"""A temperature that is learnt with the rest (off by default: the paper's is fixed)."""

import math

import torch
from torch import Tensor, nn

HIGHEST_SCALE = 100.0  # CLIP's bound (Radford et al. 2021): without it training became unstable


class LearnedTemperature(nn.Module):
    """CLIP's form: the parameter is the logarithm of 1 / temperature."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(-math.log(start)))
        self._highest = math.log(max(HIGHEST_SCALE, 1 / start))

    def forward(self) -> Tensor:
        """The temperature, a scalar with a gradient."""
        return torch.exp(-self.log_scale)

    def bound(self) -> None:
        """Keep the temperature at 0.01 or above; after each step, since a bound inside `forward` would
        leave a parameter beyond it without a gradient."""
        with torch.no_grad():
            self.log_scale.clamp_(max=self._highest)
