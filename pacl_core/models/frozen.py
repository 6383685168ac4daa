"""Features of a frozen backbone: images in, vectors out, no gradient."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pacl_core.models.backbones import Backbone, load_backbone
from pacl_core.models.precision import dtype_of, full_float32
from pacl_core.models.preprocess import Preprocess
from pacl_core.params.models import BackboneParams, Precision

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class FrozenBackbone:
    """`encode_pixels`: uint8 [B, 3, H, W] of `preprocess.pixels` -> float32 [B, dim]."""

    preprocess: Preprocess
    dim: int
    encode_pixels: Callable[[Pixels], NDArray[np.float32]]


def freeze(backbone: Backbone, device: str, precision: Precision = "float32") -> FrozenBackbone:
    """The backbone for inference on a torch device."""
    return FrozenBackbone(backbone.preprocess, backbone.dim, pixel_features(backbone, device, precision))


def load_frozen(params: BackboneParams, device: str, precision: Precision = "float32") -> FrozenBackbone:
    """As `load_backbone`, for inference on a torch device."""
    return freeze(load_backbone(params), device, precision)


def pixel_features(
    backbone: Backbone, device: str, precision: Precision = "float32"
) -> Callable[[Pixels], NDArray[np.float32]]:
    """A function from uint8 [B, 3, H, W] to float32 [B, dim].

    Evaluation mode: BatchNorm keeps its statistics and dropout is off. bfloat16 works on a copy of the
    module, float32 on the backbone's own.
    """
    full_float32()
    dtype = dtype_of(precision)
    module = backbone.module if dtype == torch.float32 else copy.deepcopy(backbone.module)
    # channels last: twice as fast for convolutions on a CPU, and no slower for other layers
    module = module.to(device, dtype).to(memory_format=torch.channels_last).eval()

    def features(pixels: Pixels) -> NDArray[np.float32]:
        with torch.inference_mode():
            inputs = model_input(pixels, backbone.preprocess, device).to(dtype)
            vectors: NDArray[np.float32] = module(inputs).float().cpu().numpy()
        return vectors

    return features


def model_input(pixels: Pixels, preprocess: Preprocess, device: str) -> Tensor:
    """uint8 `[B, 3, H, W]` (B may be 0) -> normalised float32 on the device, channels last."""
    return preprocess.normalise(on_device(pixels, device)).contiguous(memory_format=torch.channels_last)


def on_device(array: NDArray[Any], device: str) -> Tensor:
    """The array's values on the device; a GPU copies them while it works on, and nobody waits."""
    taken = torch.from_numpy(array)
    if device.startswith("cuda"):  # only from pinned memory is a copy asynchronous
        taken = taken.pin_memory()
    return taken.to(device, non_blocking=True)
