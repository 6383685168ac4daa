"""The two frozen towers of the embedded scorers: EfficientNet-Lite0 for pictures, MiniLM for texts."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pacl_core.models.backbones import Backbone, load_backbone
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.text_encoders import TextEncoder, load_text_encoder
from pacl_core.params.models import BackboneParams, TextEncoderParams

_CPU_BATCH = 16  # measured: a larger batch leaves the cache, at 160 px 93 images/s became 54


def load_towers(image_size: int, device: str) -> tuple[Backbone, TextEncoder]:
    """Both frozen towers on the device."""
    backbone = load_backbone(
        BackboneParams(kind="efficientnet_lite", name="efficientnet_lite0", image_size=image_size)
    )
    # channels last is what a CPU runs fastest, and the same numbers
    backbone.module.to(device, memory_format=torch.channels_last).requires_grad_(False)  # type: ignore[call-overload]
    text_encoder = load_text_encoder(TextEncoderParams(kind="minilm", name="all-MiniLM-L6-v2"), device)
    return backbone, text_encoder


def image_features(
    backbone: Backbone, preprocess: Preprocess, pixels: NDArray[np.uint8], device: str
) -> Tensor:
    """`[B, 3, H, W]` uint8 -> `[B, F]` float32 on the device."""
    at_once = _CPU_BATCH if device == "cpu" else len(pixels)
    features: list[Tensor] = []
    for start in range(0, len(pixels), at_once):
        part = torch.from_numpy(pixels[start : start + at_once])
        images = preprocess.normalise(part.to(device))
        features.append(backbone.module(images.contiguous(memory_format=torch.channels_last)))
    return torch.cat(features)


def sentence_vectors(text_encoder: TextEncoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """`[N, D]`, L2-normalised."""
    vectors = text_encoder.encode(texts)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-12)
    return unit
