"""LiT over two frozen towers: EfficientNet-Lite0's features, mapped linearly into MiniLM's space.

As in Zhai et al. 2022, "LiT: Zero-Shot Transfer with Locked-image text Tuning", but with both towers locked:
only the map is trained (scripts/train_lit_projector.py). The shipped map and its card are in
`lit_projector/`.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.nn.functional import linear

from pacl_core.errors import UserError, unknown
from pacl_core.models.frozen import freeze
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.scorers.towers import TowerScorer, load_towers
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


def load(params: ScorerParams, device: str) -> TowerScorer:
    """The shipped projector, or the file `params.weights` names. Raises `UserError` where it is missing."""
    if params.name != NAME:
        raise unknown("lit scorer", params.name, [NAME])
    hint = "null is the shipped projector; scripts/train_lit_projector.py makes others"
    path = weights_file(params.weights or str(SHIPPED), params.sha256, ["projector.safetensors"], hint=hint)
    projector = read_projector(path, device)
    backbone, text_encoder = load_towers(projector.image_size, device, params.precision)
    if projector.weight.shape != (text_encoder.dim, backbone.dim):
        shape = "x".join(map(str, projector.weight.shape))
        raise UserError(f"{path}: 'weight' is {shape}, {NAME} needs {text_encoder.dim}x{backbone.dim}")
    return TowerScorer(
        freeze(backbone, device, params.precision),
        text_encoder,
        to_text_space=lambda features: linear(features, projector.weight, projector.bias),
        preprocess=whole_image(backbone.preprocess),
        device=device,
    )


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


def whole_image(preprocess: Preprocess) -> Preprocess:
    """The backbone's preprocessing without its crop: a caption describes the edges of a drawing too."""
    return replace(preprocess, resize=preprocess.size, mode="squash")
