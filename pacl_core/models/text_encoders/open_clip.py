"""CLIP's text tower as text encoder: its vectors in the shared space, not normalised."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pacl_core.models.open_clip_model import ClipModel, load_clip
from pacl_core.params.models import TextEncoderParams


@dataclass(frozen=True)
class ClipTextEncoder:
    """Texts are padded and cut to CLIP's fixed context; pooling is CLIP's own."""

    clip: ClipModel
    pads: bool = False

    @property
    def dim(self) -> int:
        return self.clip.dim

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, dim]` float32."""
        vectors: NDArray[np.float32] = self.clip.text_vectors(texts).cpu().numpy()
        return vectors


def load(params: TextEncoderParams, device: str) -> ClipTextEncoder:
    """Load onto a torch device. Raises `UserError` as `load_clip`."""
    return ClipTextEncoder(
        load_clip(params.name, params.weights, params.sha256).freeze(device, params.precision)
    )
