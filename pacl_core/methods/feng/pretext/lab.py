"""Colours as CIE L*a*b*: lightness is what colorization sees, a and b are what it predicts."""

from functools import cache

import torch
from torch import Tensor

# sRGB to XYZ for D65, 2 degrees, as scikit-image has them; Feng et al. called its rgb2lab
_XYZ = (
    (0.412453, 0.357580, 0.180423),
    (0.212671, 0.715160, 0.072169),
    (0.019334, 0.119193, 0.950227),
)
_WHITE = (0.95047, 1.0, 1.08883)


def lab(rgb: Tensor) -> Tensor:
    """sRGB `[B, 3, H, W]` as uint8, or as numbers in [0, 1], to L in [0, 100] and a, b: the same shape.

    a and b of sRGB are in [-108, 99]. Of uint8 the result is float32.
    """
    # bytes by a table: powers took most of the time
    linear = _linear_of_bytes(str(rgb.device))[rgb.int()] if rgb.dtype == torch.uint8 else _linear(rgb)
    # one matrix for the whole: XYZ over that of white
    matrix = torch.tensor(_XYZ, dtype=torch.float64) / torch.tensor(_WHITE, dtype=torch.float64)[:, None]
    xyz = torch.einsum("kc,bchw->bkhw", matrix.to(linear), linear)
    f = torch.where(xyz > 0.008856, xyz.clamp(min=0.008856).pow(1 / 3), 7.787 * xyz + 16 / 116)
    fx, fy, fz = f.unbind(1)
    return torch.stack((116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)), dim=1)


def rgb_of(lab_: Tensor) -> Tensor:
    """The inverse of `lab`: sRGB in [0, 1] `[B, 3, H, W]`; colours that sRGB lacks are clipped."""
    light, a, b = lab_.unbind(1)
    fy = (light + 16) / 116
    f = torch.stack((fy + a / 500, fy, fy - b / 200), dim=1)
    xyz = torch.where(f.pow(3) > 0.008856, f.pow(3), (f - 16 / 116) / 7.787)
    matrix = torch.tensor(_XYZ, dtype=torch.float64) / torch.tensor(_WHITE, dtype=torch.float64)[:, None]
    linear = torch.einsum("ck,bkhw->bchw", matrix.inverse().to(lab_), xyz)
    curved = 1.055 * linear.clamp(min=0.0031308).pow(1 / 2.4) - 0.055
    return torch.where(linear > 0.0031308, curved, 12.92 * linear).clamp(0, 1)


def lightness_input(lab_: Tensor) -> Tensor:
    """`[B, 3, H, W]` -> `(L - 50) / 50` in all three channels, as a backbone takes an image."""
    return ((lab_[:, :1] - 50) / 50).expand(-1, 3, -1, -1)


def ab_target(lab_: Tensor) -> Tensor:
    """`[B, 3, H, W]` -> `(ab + 127) / 255` `[B, 2, H, W]`, in [0.07, 0.89]."""
    return (lab_[:, 1:] + 127) / 255


def colours(inputs: Tensor, targets: Tensor) -> Tensor:
    """The image in sRGB `[B, 3, H, W]` of a lightness input and (predicted) targets."""
    return rgb_of(torch.cat((inputs[:, :1] * 50 + 50, targets * 255 - 127), dim=1))


def _linear(rgb: Tensor) -> Tensor:
    return torch.where(rgb > 0.04045, ((rgb + 0.055) / 1.055).pow(2.4), rgb / 12.92)


@cache
def _linear_of_bytes(device: str) -> Tensor:
    return _linear(torch.arange(256, dtype=torch.float64) / 255).float().to(device)
