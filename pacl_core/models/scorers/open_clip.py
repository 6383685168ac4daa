"""CLIP as scorer: any architecture and weights that open_clip loads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import normalize

from pacl_core.models.frozen import model_input
from pacl_core.models.open_clip_model import ClipModel, load_clip
from pacl_core.models.precision import dtype_of
from pacl_core.models.preprocess import Preprocess
from pacl_core.params.models import ScorerParams


@dataclass(frozen=True)
class ClipScorer:
    """Both towers; texts are padded to CLIP's fixed context, so their order does not matter."""

    clip: ClipModel
    device: str
    dim: int
    pads: bool = False

    @property
    def preprocess(self) -> Preprocess:
        return self.clip.preprocess

    @torch.inference_mode()
    def encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """`[B, 3, H, W]` uint8 -> `[B, dim]` unit vectors."""
        images = model_input(pixels, self.preprocess, self.device).to(self.clip.network.logit_scale.dtype)
        vectors: NDArray[np.float32] = (
            normalize(self.clip.network.encode_image(images).float(), dim=1).cpu().numpy()
        )
        return vectors

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, dim]` unit vectors; texts beyond CLIP's context are cut."""
        tokens = self.clip.tokeniser(list(texts)).to(self.device)
        vectors: NDArray[np.float32] = (
            normalize(self.clip.network.encode_text(tokens).float(), dim=1).cpu().numpy()
        )
        return vectors


def load(params: ScorerParams, device: str) -> ClipScorer:
    """Load onto a torch device. Raises `UserError` as `load_clip`."""
    clip = load_clip(params.name, params.weights, params.sha256)
    clip.network.requires_grad_(False).to(device, dtype_of(params.precision))
    if device.startswith("cuda"):  # on a CPU CLIP's transformers are as fast without, its ResNets rare
        clip.network.to(memory_format=torch.channels_last)
    return ClipScorer(clip, device, dim=clip.config["model_cfg"]["embed_dim"])
