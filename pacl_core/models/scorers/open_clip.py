"""CLIP as scorer: any architecture and weights that open_clip loads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from pacl_core.models.open_clip_model import ClipModel, load_clip
from pacl_core.models.preprocess import Preprocess
from pacl_core.params.models import ScorerParams


@dataclass(frozen=True)
class ClipScorer:
    """Both towers; texts are padded to CLIP's fixed context, so their order does not matter."""

    clip: ClipModel
    pads: bool = False

    @property
    def dim(self) -> int:
        return self.clip.dim

    @property
    def preprocess(self) -> Preprocess:
        return self.clip.preprocess

    def encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """`[B, 3, H, W]` uint8 -> `[B, dim]` unit vectors."""
        return _unit(self.clip.image_vectors(pixels))

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, dim]` unit vectors; texts beyond CLIP's context are cut."""
        return _unit(self.clip.text_vectors(texts))


def load(params: ScorerParams, device: str) -> ClipScorer:
    """Load onto a torch device. Raises `UserError` as `load_clip`."""
    clip = load_clip(params.name, params.weights, params.sha256).freeze(device, params.precision)
    if device.startswith("cuda"):  # CLIP's transformers are as fast without on a CPU, its ResNets rare
        clip.network.to(memory_format=torch.channels_last)
    return ClipScorer(clip)


def _unit(vectors: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = normalize(vectors, dim=1).cpu().numpy()
    return array
