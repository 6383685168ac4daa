"""CLIP as scorer: any architecture and weights that open_clip loads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pacl_core.models.open_clip_model import ClipModel, load_clip
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
        images = self.preprocess.normalise(torch.from_numpy(pixels).to(self.device))
        vectors: NDArray[np.float32] = (
            self.clip.network.encode_image(images, normalize=True).float().cpu().numpy()
        )
        return vectors

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, dim]` unit vectors; texts beyond CLIP's context are cut."""
        tokens = self.clip.tokeniser(list(texts)).to(self.device)
        vectors: NDArray[np.float32] = (
            self.clip.network.encode_text(tokens, normalize=True).float().cpu().numpy()
        )
        return vectors


def load(params: ScorerParams, device: str) -> ClipScorer:
    """Load onto a torch device. Raises `UserError` as `load_clip`."""
    clip = load_clip(params.name, params.weights, params.sha256)
    clip.network.requires_grad_(False).to(device)
    return ClipScorer(clip, device, dim=clip.config["model_cfg"]["embed_dim"])
