"""Scorers of two frozen towers: EfficientNet-Lite0 for images, MiniLM for texts, and a map between them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from pacl_core.models.backbones import Backbone, load_backbone
from pacl_core.models.frozen import FrozenBackbone
from pacl_core.models.packaged import LITE0
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.text_encoders import TextEncoder, load_text_encoder
from pacl_core.params.models import BackboneParams, Precision, TextEncoderParams


@dataclass(frozen=True)
class TowerScorer:
    """An `ImageTextScorer`. `to_text_space` maps features [B, F] of the image tower to [B, D], float32."""

    images: FrozenBackbone
    text_encoder: TextEncoder
    to_text_space: Callable[[Tensor], Tensor]
    preprocess: Preprocess
    device: str

    @property
    def dim(self) -> int:
        return self.text_encoder.dim

    @property
    def pads(self) -> bool:
        return self.text_encoder.pads

    @torch.inference_mode()
    def encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """`[B, 3, H, W]` of `preprocess.pixels` -> `[B, dim]`, L2-normalised."""
        features = torch.from_numpy(self.images.encode_pixels(pixels)).to(self.device)
        array: NDArray[np.float32] = normalize(self.to_text_space(features), dim=1).cpu().numpy()
        return array

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, dim]`, L2-normalised."""
        return sentence_vectors(self.text_encoder, texts)


def load_towers(
    image_size: int, device: str, precision: Precision = "float32"
) -> tuple[Backbone, TextEncoder]:
    """The image tower as it was published, and the text tower on the device."""
    lite = BackboneParams(kind="timm", name=LITE0, image_size=image_size)
    minilm = TextEncoderParams(kind="minilm", name="all-MiniLM-L6-v2", precision=precision)
    return load_backbone(lite), load_text_encoder(minilm, device)


def sentence_vectors(text_encoder: TextEncoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """`[N, D]`, L2-normalised."""
    vectors = text_encoder.encode_texts(texts)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-12)
    return unit
