"""The folder of a saved backbone: `backbone.safetensors`, `model.json`, perhaps `projectors.safetensors`.

A model that was made of several networks has the weights of each in `specialists/<name>.safetensors`, in the
form of its own.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json, write_json
from pacl_core.models.backbones import Backbone, load_backbone
from pacl_core.models.frozen import FrozenBackbone, freeze
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.weights import check_sha256, load_state, weights_sha256
from pacl_core.params.models import BackboneParams

WEIGHTS = "backbone.safetensors"
CARD = "model.json"
PROJECTORS = "projectors.safetensors"
SPECIALISTS = "specialists"  # the folder, in a model's own, of weights of networks that it was made of
SEEDS = "seeds"  # the folder, in a model's own, of those trained with other seeds


def save_model(
    folder: Path,
    backbone: Backbone,
    training: dict[str, Any] | None,
    *,
    projectors: dict[str, Tensor] | None,
    text_encoder: dict[str, Any] | None = None,
) -> None:
    """Write the files into an existing folder: the same bytes for the same weights.

    Specialists that are in the folder already are named in the card.
    `training` is a JSON value that says how it was trained (None: it was not). `projectors` maps
    `image.weight` `[dim, D_v]` and `text.weight` `[dim, D_t]` (None: the model has none);
    `text_encoder` names the encoder whose vectors q_t takes, as in params.yaml.
    """
    save_file(backbone.state(), folder / WEIGHTS)
    if projectors is not None:
        save_file(
            {name: tensor.detach().cpu().contiguous() for name, tensor in projectors.items()},
            folder / PROJECTORS,
        )
    params = backbone.params
    card = {
        "kind": params.kind,
        "name": params.name,
        "image_size": params.image_size,
        "dim": backbone.dim,
        "library": backbone.library,
        "preprocess": backbone.preprocess.to_json(),
        "initial_weights": {"source": params.weights, "sha256": backbone.weights_sha256},
        "projectors": {name: list(tensor.shape) for name, tensor in projectors.items()}
        if projectors
        else None,
        "text_encoder": text_encoder,
        "training": training,
        "files": {
            name: weights_sha256(folder / name)
            for name in (WEIGHTS, PROJECTORS, *_specialists(folder))
            if (folder / name).exists()
        },
    }
    write_json(folder / CARD, card)
    for name, value in backbone.configs.items():
        write_json(folder / name, value)


def save_specialist(folder: Path, name: str, backbone: Backbone) -> None:
    """Write the weights of a network that the model in `folder` is made of, before `save_model` is called."""
    (folder / SPECIALISTS).mkdir(exist_ok=True)
    save_file(backbone.state(), folder / SPECIALISTS / f"{name}.safetensors")
    for file, value in backbone.configs.items():
        write_json(folder / SPECIALISTS / file, value)


def _specialists(folder: Path) -> list[str]:
    return [f"{SPECIALISTS}/{one.name}" for one in sorted((folder / SPECIALISTS).glob("*.safetensors"))]


def specialists(folder: Path) -> dict[str, str]:
    """Name -> file below `folder`, of the networks that the card of a saved model names."""
    named = [name for name in read_json(folder / CARD).get("files", {}) if name.startswith(f"{SPECIALISTS}/")]
    return {Path(name).stem: name for name in named}


def load_model(folder: Path, weights: str = WEIGHTS) -> Backbone:
    """Rebuild a backbone from its folder alone. Raises `UserError` where a file is missing or does not fit.

    `weights`: its own, or the file of one of its `specialists`.
    `params` and `weights_sha256` of the result still name the weights that training started from, so saving
    it again writes the same card.
    """
    for name in (CARD, weights):
        if not (folder / name).is_file():
            raise UserError(f"{folder / name}: missing; run the stage that writes it ('dvc repro')")
    try:
        card = read_json(folder / CARD)
        initial = card["initial_weights"]
        preprocess = Preprocess.from_json(card["preprocess"])
        params = BackboneParams(
            kind=card["kind"], name=card["name"], weights=str(folder / weights), image_size=card["image_size"]
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{folder / CARD}: not a model card of this project ({error!r}); write the model again"
        ) from None
    check_saved(folder, card, weights)
    loaded = load_backbone(params)
    origin = params.model_copy(update={"weights": initial["source"]})
    # preprocessing, too, may have come from files next to the initial weights
    return replace(loaded, params=origin, weights_sha256=initial["sha256"], preprocess=preprocess)


def trainings(folder: Path) -> dict[int, Path]:
    """Training seed -> folder, of the model in `folder`, which comes first, and those of other seeds in it.

    The seed of a model that does not say it is 0.
    """
    try:
        seed = int(((read_json(folder / CARD).get("training") or {}).get("params") or {}).get("seed", 0))
        others = {int(one.name): one for one in (folder / SEEDS).glob("*") if one.is_dir()}
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise UserError(f"{folder}: not a saved model of this project ({error!r})") from None
    return {seed: folder} | {other: others[other] for other in sorted(others)}


def load_projectors(folder: Path, card: dict[str, Any]) -> dict[str, Tensor]:
    """`image.weight` `[dim, D_v]` and `text.weight` `[dim, D_t]` of a saved model that has them."""
    check_saved(folder, card, PROJECTORS)
    weights = load_state(folder / PROJECTORS)
    if not {"image.weight", "text.weight"} <= set(weights):
        raise UserError(
            f"{folder / PROJECTORS}: lacks image.weight or text.weight; train again ('dvc repro train')"
        )
    return weights


def check_saved(folder: Path, card: dict[str, Any], name: str) -> None:
    """Raise `UserError` if a file of weights is not the one that its card describes.

    safetensors has no checksum of its own: a changed byte would read as another weight.
    """
    check_sha256(folder / name, card.get("files", {}).get(name), "delete the folder and run 'dvc repro'")


def load_frozen_model(folder: Path, device: str) -> FrozenBackbone:
    """As `load_model`, for inference on a torch device."""
    return freeze(load_model(folder), device)
