"""CLIP's text tower as text encoder: its vectors in the shared space, not normalised."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pacl_core.models.open_clip_model import ClipModel, load_clip
from pacl_core.models.precision import dtype_of
from pacl_core.params.models import TextEncoderParams


@dataclass(frozen=True)
class ClipTextEncoder:
    """Texts are padded and cut to CLIP's fixed context; pooling is CLIP's own."""

    clip: ClipModel
    device: str
    dim: int
    pads: bool = False

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, dim]` float32."""
        tokens = self.clip.tokeniser(list(texts)).to(self.device)
        vectors: NDArray[np.float32] = self.clip.network.encode_text(tokens).float().cpu().numpy()
        return vectors


def load(params: TextEncoderParams, device: str) -> ClipTextEncoder:
    """Load onto a torch device. Raises `UserError` as `load_clip`."""
    clip = load_clip(params.name, params.weights, params.sha256)
    clip.network.requires_grad_(False).to(device, dtype_of(params.precision))
    return ClipTextEncoder(clip, device, dim=clip.config["model_cfg"]["embed_dim"])
