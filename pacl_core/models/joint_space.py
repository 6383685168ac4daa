"""The space that a saved model's images share with texts, for zero-shot classification."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json
from pacl_core.models.saved import CARD, PROJECTORS, check_saved, load_projectors, weights_name
from pacl_core.models.text_encoders import TextEncoder, load_text_encoder
from pacl_core.params.models import TextEncoderParams

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class JointSpace:
    """`images`: pooled features [N, D] of the backbone -> [N, E]; `texts`: N texts -> [N, E]; unit vectors.

    `scale` is one over the temperature that the two were trained with.
    """

    images: Callable[[Vectors], Vectors]
    texts: Callable[[Sequence[str]], Vectors]
    scale: float


def load_joint_space(folder: Path, device: str) -> JointSpace | None:
    """The joint space of a saved model: by its projectors q_v and q_t (paper 3.3), else by CLIP's own
    projections; None if it has neither. Raises `UserError` where a file does not fit the others.
    """
    try:
        card = read_json(folder / CARD)
    except FileNotFoundError:
        raise UserError(f"{folder / CARD}: missing; run the stage that writes it ('dvc repro')") from None
    if (folder / PROJECTORS).is_file():
        return _by_projectors(folder, card, device)
    return _of_clip(folder, card, device) if card["library"] == "open_clip" else None


def _by_projectors(folder: Path, card: dict[str, Any], device: str) -> JointSpace:
    described = card.get("text_encoder")
    if described is None:
        raise UserError(f"{folder / CARD}: names no text encoder; train again ('dvc repro train')")
    weights = load_projectors(folder, card)
    q_v, q_t = weights["image.weight"], weights["text.weight"]

    @cache  # loaded when first asked for a text: images need no text encoder
    def encoder() -> TextEncoder:
        loaded = load_text_encoder(text_encoder_params(folder, card), device)
        if q_t.shape[1] != loaded.dim:
            raise UserError(
                f"{folder / PROJECTORS}: for texts of {q_t.shape[1]} numbers, but '{described['name']}' "
                f"gives {loaded.dim}; train again ('dvc repro train')"
            )
        return loaded

    return JointSpace(
        images=lambda features: _unit(torch.from_numpy(features) @ q_v.T),
        texts=lambda texts: _unit(torch.from_numpy(encoder().encode_texts(texts)) @ q_t.T),
        scale=1 / float(card["training"]["temperature"]),
    )


def text_encoder_params(folder: Path, card: dict[str, Any]) -> TextEncoderParams:
    """The text encoder that a saved model's card names. Its weights may be named relative to the root of the
    model's project, which may not be the working directory."""
    params = TextEncoderParams(**card["text_encoder"])
    if params.weights is None or params.weights.startswith("hub:") or Path(params.weights).exists():
        return params
    in_project = folder.resolve().parent.parent / params.weights  # models/pacl -> the project
    return params.model_copy(update={"weights": str(in_project)}) if in_project.exists() else params


def _of_clip(folder: Path, card: dict[str, Any], device: str) -> JointSpace:
    from pacl_core.models.open_clip_model import load_clip
    from pacl_core.models.scorers.open_clip import ClipScorer

    weights = weights_name(folder)
    check_saved(folder, card, weights)
    clip = load_clip(card["name"], str(folder / weights), None, image_size=card["image_size"])
    network, scorer = clip.freeze(device).network, ClipScorer(clip)
    projected = card.get("features") == "joint"  # a model of clips: its features are of this space

    def images(features: Vectors) -> Vectors:
        if projected:
            return _unit(torch.from_numpy(features))
        with torch.inference_mode():
            return _unit(_clip_projection(network.visual, torch.from_numpy(features).to(device)))

    return JointSpace(images, scorer.encode_texts, scale=float(network.logit_scale.exp()))


def _clip_projection(visual: Any, features: Tensor) -> Tensor:
    """What `backbones.open_clip` took off the tower."""
    projection = getattr(visual, "proj", None)
    if isinstance(projection, torch.nn.Parameter):  # open_clip's own ViT
        return features @ projection
    if hasattr(visual, "trunk") and hasattr(visual, "head"):  # a timm model inside open_clip
        projected: Tensor = visual.head(features)
        return projected
    return features  # CLIP's ResNets end in the projection


def _unit(vectors: Tensor) -> Vectors:
    array: Vectors = normalize(vectors.float(), dim=1).cpu().numpy()
    return array
