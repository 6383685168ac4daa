"""LiT over two frozen towers: EfficientNet-Lite0's features, mapped linearly into MiniLM's space.

Zhai et al. 2022, "LiT: Zero-Shot Transfer with Locked-image text Tuning", with both towers locked: only the
map is trained (scripts/train_lit_projector.py). The shipped map and its card lie in `lit_projector/`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.nn.functional import linear, normalize

from pacl_core.errors import UserError, unknown
from pacl_core.models.backbones import Backbone
from pacl_core.models.image_text.towers import image_features, load_towers, sentence_vectors
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.text_encoders import TextEncoder
from pacl_core.models.weights import weights_file
from pacl_core.params.models import ScorerParams

NAME = "efficientnet_lite0-minilm"
SHIPPED = Path(__file__).with_name("lit_projector") / "projector.safetensors"


@dataclass(frozen=True)
class Projector:
    """`weight` `[D, F]` and `bias` `[D]`, float32, and what the file says about itself (`card`)."""

    weight: Tensor
    bias: Tensor
    image_size: int
    card: dict[str, object]


@dataclass(frozen=True)
class LitScorer:
    """An `ImageTextScorer`: unit vectors of pictures (through the map) and of texts."""

    backbone: Backbone
    text_encoder: TextEncoder
    projector: Projector
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
        features = image_features(self.backbone, self.preprocess, pixels, self.device)
        vectors = linear(features, self.projector.weight, self.projector.bias)
        array: NDArray[np.float32] = normalize(vectors, dim=1).cpu().numpy()
        return array

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`[N, dim]`, L2-normalised."""
        return sentence_vectors(self.text_encoder, texts)


def load(params: ScorerParams, device: str) -> LitScorer:
    """The shipped projector, or the file `params.weights` names. Raises `UserError` where it is missing."""
    if params.name != NAME:
        raise unknown("lit scorer", params.name, [NAME])
    hint = "null is the shipped projector; scripts/train_lit_projector.py makes others"
    path = weights_file(params.weights or str(SHIPPED), params.sha256, ["projector.safetensors"], hint)
    projector = read_projector(path, device)
    backbone, text_encoder = load_towers(projector.image_size, device)
    if projector.weight.shape != (text_encoder.dim, backbone.dim):
        shape = "x".join(map(str, projector.weight.shape))
        raise UserError(f"{path}: 'weight' is {shape}, {NAME} needs {text_encoder.dim}x{backbone.dim}")
    return LitScorer(backbone, text_encoder, projector, whole_picture(backbone), device)


def read_projector(path: Path, device: str) -> Projector:
    """Read `weight`, `bias` and the card of a projector file. Raises `UserError` for another kind of file."""
    try:
        with safe_open(path, framework="pt", device=device) as stored:
            card = json.loads(stored.metadata()["card"])
            weight, bias = (stored.get_tensor(name).float() for name in ("weight", "bias"))
            return Projector(weight, bias, int(card["image_size"]), card)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: not a projector ({error}); expected 'weight', 'bias' and 'card' metadata, as "
            "scripts/train_lit_projector.py writes them"
        ) from None


def whole_picture(backbone: Backbone) -> Preprocess:
    """The backbone's preprocessing without its crop: a caption speaks of the edges of a drawing too."""
    return replace(backbone.preprocess, resize=backbone.preprocess.size, mode="squash")
