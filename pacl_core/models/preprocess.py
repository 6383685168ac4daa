"""From an image to a model's input: uint8 pixels on the CPU, then normalised floats on the device."""

from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from torch import Tensor

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


@dataclass(frozen=True)
class Preprocess:
    """A model's preprocessing: an antialiased resize, a centre crop, mean and std of values in [0, 1].

    `resize` is the length of the short side ("shortest") or of both sides ("squash") before the crop.
    """

    size: int
    resize: int
    mode: Literal["shortest", "squash"]
    interpolation: Literal["bilinear", "bicubic"]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def pixels(self, image: Image.Image) -> NDArray[np.uint8]:
        """Resize and crop: `[3, size, size]` uint8 RGB, the pixels of timm's and open_clip's transforms."""
        width, height = _resized(image.size, self.resize, self.mode)
        if image.mode != "RGB":
            image = image.convert("RGB")
        if (width, height) != image.size:
            image = image.resize((width, height), _FILTERS[self.interpolation])
        # round half to even, as torchvision's CenterCrop does
        left, top = round((width - self.size) / 2), round((height - self.size) / 2)
        array = np.asarray(image)[top : top + self.size, left : left + self.size]
        return np.ascontiguousarray(array.transpose(2, 0, 1))

    def normalise(self, pixels: "Tensor") -> "Tensor":
        """`[B, 3, H, W]` uint8 -> float32 `(pixels / 255 - mean) / std`, on the device of `pixels`."""
        mean, std = (_per_channel(values, str(pixels.device)) for values in (self.mean, self.std))
        return pixels.float().div_(255).sub_(mean).div_(std)  # in place: no copy of what is large

    def to_json(self) -> dict[str, Any]:
        """Every field, as `from_json` reads it."""
        return {**asdict(self), "mean": list(self.mean), "std": list(self.std)}

    @staticmethod
    def from_json(fields: dict[str, Any]) -> "Preprocess":
        """The inverse of `to_json`."""
        return Preprocess(**{**fields, "mean": tuple(fields["mean"]), "std": tuple(fields["std"])})


@cache
def _per_channel(values: tuple[float, float, float], device: str) -> "Tensor":
    """`[3, 1, 1]`, copied to the device once: a copy per batch would stall the device."""
    import torch

    with torch.inference_mode(False):  # usable for gradients even if the first caller is in inference mode
        return torch.tensor(values, device=device).view(3, 1, 1)


def _resized(image_size: tuple[int, int], side: int, mode: str) -> tuple[int, int]:
    if mode == "squash":
        return side, side
    width, height = image_size
    # the long side is cut off, not rounded, as torchvision's Resize does
    return (side, int(side * height / width)) if width <= height else (int(side * width / height), side)
