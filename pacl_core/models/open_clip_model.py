"""CLIP models of open_clip, whole: for scoring, for the text tower, for the visual backbone."""

import json
import logging
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor

from pacl_core.errors import UserError, unknown
from pacl_core.models.frozen import model_input
from pacl_core.models.local_files import CONFIG
from pacl_core.models.open_clip_tags import published_options, uses_quick_gelu
from pacl_core.models.precision import dtype_of, full_float32
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.weights import more_than_tensors, refuse_script, weights_file, weights_sha256
from pacl_core.params.models import Precision

_NAMES = [
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "backbone.safetensors",
]


@dataclass(frozen=True)
class ClipModel:
    """The network in evaluation mode, its tokeniser, preprocessing and published configuration."""

    network: Any
    tokeniser: Any
    preprocess: Preprocess
    config: dict[str, Any]
    weights_sha256: str

    @property
    def dim(self) -> int:
        """Dimension of the space that images and texts share."""
        return int(self.config["model_cfg"]["embed_dim"])

    def freeze(self, device: str, precision: Precision = "float32") -> "ClipModel":
        """For inference on a torch device: the network itself moves there."""
        full_float32()
        self.network.requires_grad_(False).to(device, dtype_of(precision))
        return self

    def image_vectors(self, pixels: NDArray[np.uint8]) -> Tensor:
        """uint8 `[B, 3, H, W]` of `preprocess.pixels` -> float32 `[B, dim]` on the network's device."""
        scale = self.network.logit_scale
        with torch.inference_mode():
            images = model_input(pixels, self.preprocess, str(scale.device)).to(scale.dtype)
            vectors: Tensor = self.network.encode_image(images).float()
        return vectors

    def text_vectors(self, texts: Sequence[str]) -> Tensor:
        """`[N, dim]` float32 on the network's device; texts beyond CLIP's context are cut."""
        with torch.inference_mode():
            tokens = self.tokeniser(list(texts)).to(self.network.logit_scale.device)
            vectors: Tensor = self.network.encode_text(tokens).float()
        return vectors


def load_clip(
    name: str, weights: str | None, sha256: str | None, *, image_size: int | None = None
) -> ClipModel:
    """Load a whole CLIP model from one file.

    An open_clip_config.json next to the weights (as in every hub repository of open_clip) defines
    architecture and preprocessing; without one, `name` is one of open_clip's own, and they are those
    published under it (`open_clip_tags`). Raises `UserError` for an unknown name, missing weights, or weights
    of another architecture.
    """
    hint = "give a file or folder of open_clip weights, or hub:<owner>/<name>@<revision>"
    path = weights_file(weights, sha256, _NAMES, hint=hint, companions=[CONFIG])
    described = _described(path, name)
    refuse_script(path)
    source = f"local-dir:{path.parent}" if described else name
    options = _unsaid(name, described)
    try:
        with _quiet():
            network = open_clip.create_model(
                source, load_weights=False, pretrained_text=False, force_image_size=image_size, **options
            )
            open_clip.load_checkpoint(network, str(path))
            tokeniser = open_clip.get_tokenizer(source)
    except pickle.UnpicklingError:
        raise more_than_tensors(path) from None
    except (RuntimeError, ValueError, KeyError, OSError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"open_clip model '{name}' with {path}: {reason}") from None
    model_config = described.get("model_cfg") or open_clip.get_model_config(name)
    preprocess_config = dict(open_clip.get_model_preprocess_cfg(network))
    size = _side(preprocess_config["size"])
    model_config = {**model_config, "vision_cfg": {**model_config["vision_cfg"], "image_size": size}}
    if options.get("force_quick_gelu"):
        model_config["quick_gelu"] = True
    return ClipModel(
        network=network.eval(),
        tokeniser=tokeniser,
        preprocess=_preprocess(name, preprocess_config),
        config={"model_cfg": model_config, "preprocess_cfg": {**preprocess_config, "size": size}},
        weights_sha256=weights_sha256(path),
    )


def fresh_network(clip: ClipModel, *, seed: int = 0) -> Any:
    """A network of the same architecture with the weights that it starts with, by `seed`."""
    with TemporaryDirectory() as folder, torch.random.fork_rng(devices=[]), _quiet():
        (Path(folder) / CONFIG).write_text(json.dumps(clip.config), encoding="utf-8")
        torch.manual_seed(seed)
        return open_clip.create_model(f"local-dir:{folder}", load_weights=False, pretrained_text=False)


def _unsaid(name: str, described: dict[str, Any]) -> dict[str, Any]:
    """Options of `create_model` that the configuration, if there is one, does not define."""
    if not described:
        return published_options(name, CONFIG, None)
    if {"mean", "std"} <= set(described.get("preprocess_cfg") or ()):
        return {}
    return published_options(name, CONFIG, bool(described["model_cfg"].get("quick_gelu")))


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence open_clip, which logs every step to the root logger, and that a model is random before its
    weights are read."""

    def from_others(record: logging.LogRecord) -> bool:
        return Path(record.pathname).parent.name != "open_clip"

    root = logging.getLogger()
    root.addFilter(from_others)
    try:
        yield
    finally:
        root.removeFilter(from_others)


def _described(path: Path, name: str) -> dict[str, Any]:
    """The configuration next to the weights, or {}; it must agree with a `name` of open_clip's own."""
    file = path.parent / CONFIG
    own = open_clip.get_model_config(name)
    if not file.is_file():
        if own is None:
            raise unknown("open_clip model", name, open_clip.list_models())
        return {}
    try:
        described: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        config = described["model_cfg"]
    except (ValueError, KeyError) as error:
        raise UserError(f"{file}: not an open_clip configuration ({error!r})") from None
    # the one difference that loads without complaint and gives other features
    if own is not None and bool(config.get("quick_gelu")) not in (
        bool(own.get("quick_gelu")),
        uses_quick_gelu(name),
    ):
        other = name.removesuffix("-quickgelu") if own.get("quick_gelu") else f"{name}-quickgelu"
        raise UserError(f"open_clip model '{name}': {file} describes the other activation; name it '{other}'")
    return described


def _preprocess(name: str, config: dict[str, Any]) -> Preprocess:
    mode, interpolation = config["resize_mode"], config["interpolation"]
    if mode not in ("shortest", "squash") or interpolation not in ("bilinear", "bicubic"):
        raise UserError(f"open_clip model '{name}': preprocessing {mode}, {interpolation} is not supported")
    size = _side(config["size"])
    return Preprocess(
        size=size,
        resize=size,
        mode=mode,
        interpolation=interpolation,
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
    )


def _side(size: int | tuple[int, int]) -> int:
    if isinstance(size, int):
        return size
    if size[0] != size[1]:
        raise UserError(f"open_clip preprocessing to {size[0]} x {size[1]} is not supported, only squares")
    return size[0]
