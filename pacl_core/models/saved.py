"""The folder of a saved backbone: `backbone.safetensors`, `model.json`, perhaps `projectors.safetensors`.

A student of Feng et al. also has its `specialists/<name>.safetensors`, backbones of the same architecture.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

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
SPECIALISTS = "specialists"
OF_CLIPS = "emotionclip"  # the method that the card of a model of clips names
# an exported folder has the weights under the name that the library looks for in a repository, and once only
LIBRARY_NAMES = {"timm": "model.safetensors", "open_clip": "open_clip_model.safetensors"}
SEEDS = "seeds"  # the folder, in a model's own, of those trained with other seeds


def save_model(
    folder: Path,
    backbone: Backbone,
    training: dict[str, Any] | None,
    *,
    projectors: dict[str, Tensor] | None,
    text_encoder: dict[str, Any] | None = None,
    specialists: Mapping[str, Backbone] | None = None,
) -> None:
    """Write the files into an existing folder: the same bytes for the same weights.

    `training` is a JSON value that says how it was trained (None: it was not). `projectors` maps
    `image.weight` `[dim, D_v]` and `text.weight` `[dim, D_t]` (None: the model has none);
    `text_encoder` names the encoder whose vectors q_t takes, as in params.yaml. `specialists` are saved in a
    folder of their own, by name.
    """
    save_file(backbone.state(), folder / WEIGHTS)
    if projectors is not None:
        save_file(
            {name: tensor.detach().cpu().contiguous() for name, tensor in projectors.items()},
            folder / PROJECTORS,
        )
    params = backbone.params
    files = {
        name: weights_sha256(folder / name) for name in (WEIGHTS, PROJECTORS) if (folder / name).exists()
    }
    card: dict[str, Any] = {
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
        "files": files,
    }
    if specialists:
        (folder / SPECIALISTS).mkdir()
        for name, one in specialists.items():
            save_file(one.state(), folder / _specialist(name))
            files[_specialist(name)] = weights_sha256(folder / _specialist(name))
        card["specialists"] = list(specialists)
        for name, value in backbone.configs.items():  # open_clip reads its own next to the weights
            write_json(folder / SPECIALISTS / name, value)
    write_json(folder / CARD, card)
    for name, value in backbone.configs.items():
        write_json(folder / name, value)


class _Origin(NamedTuple):
    """What a card says of the weights that training started from, and of the preprocessing."""

    params: BackboneParams
    weights_sha256: str
    preprocess: Preprocess


def load_model(folder: Path) -> Backbone:
    """Rebuild a backbone from its folder alone. Raises `UserError` where a file is missing or does not fit.

    `params` and `weights_sha256` of the result still name the weights that training started from, so saving
    it again writes the same card.
    """
    weights = weights_name(folder)
    for name in (CARD, weights):
        if not (folder / name).is_file():
            raise UserError(f"{folder / name}: missing; run the stage that writes it ('dvc repro')")
    try:
        card = read_json(folder / CARD)
        initial = card["initial_weights"]
        params = BackboneParams(
            kind=card["kind"], name=card["name"], weights=initial["source"], image_size=card["image_size"]
        )
        origin = _Origin(params, initial["sha256"], Preprocess.from_json(card["preprocess"]))
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{folder / CARD}: not a model card of this project ({error!r}); write the model again"
        ) from None
    return _rebuilt(folder, card, weights, origin=origin)


def knows_clips(folder: Path) -> bool:
    """Whether a saved model is one of clips; one without a card is not."""
    return (folder / CARD).is_file() and read_json(folder / CARD).get("method") == OF_CLIPS


def weights_name(folder: Path) -> str:
    """The name of a model's weights in its folder: the library's, where it was exported."""
    found = (name for name in LIBRARY_NAMES.values() if (folder / name).is_file())
    return WEIGHTS if (folder / WEIGHTS).is_file() else next(found, WEIGHTS)


def load_specialists(folder: Path) -> dict[str, Backbone]:
    """The specialists of a saved student by name, empty where its card names none. Raises as `load_model`."""
    student = load_model(folder)
    card = read_json(folder / CARD)
    origin = _Origin(student.params, student.weights_sha256, student.preprocess)
    names = card.get("specialists", ())
    return {name: _rebuilt(folder, card, _specialist(name), origin=origin) for name in names}


def _rebuilt(folder: Path, card: dict[str, Any], file: str, *, origin: _Origin) -> Backbone:
    """The backbone with the weights of `file`; raises where they are not what the card says."""
    if not (folder / file).is_file():
        raise UserError(f"{folder / file}: missing; run the stage that writes it ('dvc repro')")
    check_saved(folder, card, file)
    loaded = load_backbone(origin.params.model_copy(update={"weights": str(folder / file)}))
    # preprocessing, too, may have come from files next to the initial weights
    return replace(
        loaded, params=origin.params, weights_sha256=origin.weights_sha256, preprocess=origin.preprocess
    )


def _specialist(name: str) -> str:
    return f"{SPECIALISTS}/{name}.safetensors"


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
