"""Weights of a backbone's architecture that others trained, under any tensor names."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from safetensors.torch import save_file
from torch import Tensor

from pacl_core.errors import UserError
from pacl_core.files.json_csv import write_json
from pacl_core.models.backbones import Backbone, load_backbone
from pacl_core.models.weights import load_state, weights_file, weights_sha256
from pacl_core.params.evaluation import VariantParams
from pacl_core.params.models import BackboneParams

log = logging.getLogger("pacl")

_NAMES = [
    "model.safetensors",
    "backbone.safetensors",
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "pytorch_model.bin",
    "open_clip_pytorch_model.bin",
]
_COUNTER = "num_batches_tracked"  # of BatchNorm: no feature depends on it, and old files lack it


def backbone_with(params: BackboneParams, variant: VariantParams) -> Backbone:
    """The backbone of `params` with the tensors of the variant's file, safetensors or a PyTorch state dict.

    `prefix` is cut from their names, and tensors without it are ignored. A file of a CLIP model may hold only
    the visual tower. What features do not need (a classifier, a text tower) stays as in `params` if the file
    lacks it; tensors that the architecture lacks are ignored; the log has the number of both. Raises
    `UserError` where the file lacks a tensor of the backbone, or has one of another shape.
    """
    path = weights_file(variant.weights, variant.sha256, _NAMES, hint="give a file with its tensors")
    original = load_backbone(params)
    own = original.state()
    given = _named_by_library(_without_prefix(load_state(path), variant.prefix, path), original.library)
    needed = [name for name in own if name not in original.unused_weights and not name.endswith(_COUNTER)]
    _refuse(path, "lacks", [name for name in needed if name not in given], todo="fix 'prefix'")
    fitting = {name: tensor for name, tensor in given.items() if name in own}
    other = [f"{n} {list(t.shape)}" for n, t in fitting.items() if n in needed and t.shape != own[n].shape]
    _refuse(
        path, "has in another shape", other, todo="it must be of the backbone's architecture and image_size"
    )
    fitting = {name: tensor for name, tensor in fitting.items() if tensor.shape == own[name].shape}
    log.info(
        "%s: %d tensors taken, %d that the architecture lacks ignored, %d unused by features kept as in %s",
        path,
        len(fitting),
        len(given) - len(fitting),
        len(own) - len(fitting),
        params.weights or params.name,
    )
    return _reloaded(
        original, {**own, **{n: t.to(own[n].dtype) for n, t in fitting.items()}}, variant, path=path
    )


def _without_prefix(state: dict[str, Tensor], prefix: str | None, path: Path) -> dict[str, Tensor]:
    # a wrapper for several GPUs, cut from both: `load_state` cuts it from some files already
    cut = (prefix or "").removeprefix("module.")
    plain = {name.removeprefix("module."): tensor for name, tensor in state.items()}
    found = {name.removeprefix(cut): tensor for name, tensor in plain.items() if name.startswith(cut)}
    if not found:
        raise UserError(f"{path}: no tensor's name begins with '{prefix}'; it has {_few(state)}")
    return found


def _named_by_library(given: dict[str, Tensor], library: str) -> dict[str, Tensor]:
    """Give the tensors of a file with only CLIP's visual tower the names that they have in the whole
    model."""
    if library == "open_clip" and not any(name.startswith("visual.") for name in given):
        return {f"visual.{name}": tensor for name, tensor in given.items()}
    return given


def _refuse(path: Path, what: str, names: list[str], *, todo: str) -> None:
    if names:
        raise UserError(f"{path}: {what} {len(names)} tensors of the backbone: {_few(names)}; {todo}")


def _few(names: Iterable[str]) -> str:
    first = list(names)
    return ", ".join(first[:3]) + (", .." if len(first) > 3 else "")


def _reloaded(
    original: Backbone, state: dict[str, Tensor], variant: VariantParams, *, path: Path
) -> Backbone:
    """Read weights as the library itself does, from a folder like a saved model's."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        save_file(
            {key: tensor.contiguous() for key, tensor in state.items()}, folder / "backbone.safetensors"
        )
        for file, value in original.configs.items():
            write_json(folder / file, value)
        weights = {"weights": str(folder / "backbone.safetensors"), "sha256": None}
        loaded = load_backbone(original.params.model_copy(update=weights))
    return replace(
        loaded,
        params=original.params.model_copy(update={"weights": variant.weights, "sha256": variant.sha256}),
        preprocess=original.preprocess,
        weights_sha256=weights_sha256(path),
    )
