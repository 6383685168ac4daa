"""A saved model as a folder for the Hugging Face Hub: weights, configuration, preprocessing and a card."""

import logging
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacl_core.errors import UserError
from pacl_core.files.hashing import file_sha256
from pacl_core.files.json_csv import read_json, write_json
from pacl_core.files.publish import published_folder
from pacl_core.inference.class_vectors import STORED, vectors_by_prompt, write_class_vectors
from pacl_core.inference.export.model_card import model_card
from pacl_core.inference.given import EMOTIONS, PROMPTS
from pacl_core.models.backbones import Backbone
from pacl_core.models.joint_space import load_joint_space
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.saved import CARD, LIBRARY_NAMES, WEIGHTS, knows_clips, load_model, weights_name
from pacl_core.models.video_text import load_video_text

log = logging.getLogger("pacl")

# transformers' AutoModel gives these to timm itself
_GIVEN_BY_TRANSFORMERS = ("num_classes", "in_chans")


def export_hugging_face(model: Path, folder: Path) -> list[str]:
    """Publish `folder` and return the names of its files.

    Every file of the saved model, config.json (in timm's format for timm, which transformers reads too),
    preprocessor_config.json (in transformers' format), README.md (the model card). The weights have the name
    under which timm or open_clip looks for them. `folder` must be new or made by this function. Raises
    `UserError` otherwise, and if `model` is not a saved model.
    """
    if folder.exists() and not (folder / CARD).is_file() and any(folder.iterdir()):
        raise UserError(f"{folder}: holds other files; give a folder that does not exist yet")
    if folder.resolve() == model.resolve():
        raise UserError(f"{folder}: is the saved model itself; give another folder")
    if knows_clips(model):
        load_video_text(model)  # its other files are whole, too
    backbone = load_model(model)
    card = read_json(model / CARD)
    with published_folder(folder) as draft:
        weights, name = weights_name(model), LIBRARY_NAMES.get(backbone.library, WEIGHTS)
        for file in sorted(model.iterdir()):
            if file.is_file():
                shutil.copyfile(file, draft / (name if file.name == weights else file.name))
        files = {name if file == weights else file: digest for file, digest in card.get("files", {}).items()}
        if STORED not in files and (made := _class_vectors(model, card)) is not None:
            write_class_vectors(draft / STORED, made, labels=EMOTIONS, prompts=PROMPTS)
            files[STORED] = file_sha256(draft / STORED)
        write_json(draft / CARD, card | {"files": files})
        write_json(draft / "config.json", _config(backbone, card))
        write_json(draft / "preprocessor_config.json", _preprocessor(backbone.preprocess))
        (draft / "README.md").write_text(model_card(model, card), encoding="utf-8")
        return sorted(file.name for file in draft.iterdir())


def _class_vectors(model: Path, card: dict[str, Any]) -> list[NDArray[np.float32]] | None:
    """Of the default classes, so that who uses the model needs no text encoder for them."""
    if not card.get("text_encoder"):
        return None
    try:
        space = load_joint_space(model, "cpu")
        return None if space is None else vectors_by_prompt(space, EMOTIONS, PROMPTS)
    except UserError as error:
        log.warning("vectors of the default classes are left out: %s", error)
        return None


def _config(backbone: Backbone, card: dict[str, Any]) -> dict[str, Any]:
    if backbone.library == "timm":
        return _timm_config(backbone)
    keys = ("library", "kind", "name", "dim", "image_size", "text_encoder")
    of_clips = ("method", "features", "frames", "subject", "temporal")
    described = {key: card[key] for key in (*keys, *of_clips) if key in card}
    return {"architecture": card["name"], **described}


def _timm_config(backbone: Backbone) -> dict[str, Any]:
    """Written by timm itself: `timm.create_model("local-dir:<folder>", pretrained=True)` reads it."""
    import timm
    from timm.models._hub import save_config_for_hf

    params, cut = backbone.params, backbone.preprocess
    published = timm.get_pretrained_cfg(params.name)
    # transformers are built for one size; convolutional networks take any and lack the option
    built_for_size = published is not None and published.fixed_input_size and params.image_size
    options: dict[str, Any] = {"img_size": params.image_size} if built_for_size else {}
    network = timm.create_model(params.name, **options)
    data = {
        "input_size": (3, cut.size, cut.size),
        "crop_pct": cut.size / cut.resize,
        "crop_mode": "center" if cut.mode == "shortest" else "squash",
        "interpolation": cut.interpolation,
        "mean": cut.mean,
        "std": cut.std,
    }
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "config.json"
        save_config_for_hf(network, str(path), data_config=data)
        config: dict[str, Any] = read_json(path)
    if arguments := config.pop("model_args", None):
        config["model_args"] = {k: v for k, v in arguments.items() if k not in _GIVEN_BY_TRANSFORMERS}
    return config


def _preprocessor(preprocess: Preprocess) -> dict[str, Any]:
    """As transformers' CLIPImageProcessor reads it: resize, centre crop, scale, normalise."""
    square = {"height": preprocess.resize, "width": preprocess.resize}
    return {
        "image_processor_type": "CLIPImageProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"shortest_edge": preprocess.resize} if preprocess.mode == "shortest" else square,
        "resample": {"bilinear": 2, "bicubic": 3}[preprocess.interpolation],
        "do_center_crop": True,
        "crop_size": {"height": preprocess.size, "width": preprocess.size},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(preprocess.mean),
        "image_std": list(preprocess.std),
    }
