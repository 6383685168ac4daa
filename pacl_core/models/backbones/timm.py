"""Any timm model: pooled features before its classifier, and before the two layers in front of a VGG's.

EfficientNet-Lite0's weights come with pip.
"""

import math
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from pacl_core.errors import UserError, unknown
from pacl_core.extras import unimportable
from pacl_core.models.backbones import (
    Backbone,
    FeaturesAndStages,
    Stages,
    feature_dim,
    merged_state,
    quarters,
)
from pacl_core.models.packaged import LITE0, OPTIONS, named_by_timm, packaged_file, packaged_preprocess
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.weights import check_sha256, load_state, weights_file, weights_sha256
from pacl_core.params.models import BackboneParams

with unimportable("wandb"):  # timm would load it, which takes a second, for scripts of training
    import timm
    from timm.data.config import resolve_model_data_config

_NAMES = ["model.safetensors", "pytorch_model.bin", "backbone.safetensors"]
_MODES = {"center": "shortest", "squash": "squash"}
# by the file of timm that defines a model: what lets it take other sizes; at its own the numbers are the same
_ANY_SIZE: dict[str, dict[str, Any]] = {
    "vision_transformer": {"dynamic_img_size": True},
    "swin_transformer": {"strict_img_size": False},
}
_CONVOLUTIONAL = ("efficientnet", "resnet", "vgg")


def load(params: BackboneParams) -> Backbone:
    """Load a published (or saved) weights file with its classifier; features are taken before that.

    The classifier stays out of the trained module and is merged back by `state`, so that
    `timm.create_model(name, checkpoint_path=...)` loads the saved file as it is. `weights: null` is the
    packaged file, of tf_efficientnet_lite0 only.
    """
    architecture = params.name.partition(".")[0]
    if not timm.is_model(architecture):
        raise unknown(
            "timm model", params.name, get_close_matches(architecture, timm.list_models()) or ["resnet50"]
        )
    path = _weights(params)
    model = _with_weights(params, path)
    full = model.state_dict()
    model.reset_classifier(0)
    if _family(params.name) == "vgg":
        _without_connected_layers(model)
    kept = set(model.state_dict())
    if not kept <= set(full):
        raise UserError(
            f"timm model '{params.name}': without its classifier it has other layers, so it cannot be saved"
        )
    unused = {name: tensor.detach().clone() for name, tensor in full.items() if name not in kept}
    preprocess = _preprocess(model, params)
    model.eval()
    try:
        dim = feature_dim(model, preprocess.size)
    except (AssertionError, RuntimeError) as error:
        raise UserError(f"timm model '{params.name}' at {preprocess.size} pixels: {_line(error)}") from None
    return Backbone(
        params=params,
        module=model,
        dim=dim,
        preprocess=preprocess,
        library="timm",
        state=lambda: merged_state(model, unused),
        weights_sha256=weights_sha256(path),
        unused_weights=frozenset(unused),
        stages=_stages(model, params.name),
        with_stages=_with_stages(model, params.name),
        patch=_patch(model, params.name),
    )


def _packaged(params: BackboneParams) -> bool:
    return params.name == LITE0 and params.weights is None


def _weights(params: BackboneParams) -> Path:
    if _packaged(params):
        path = packaged_file()
        check_sha256(path, params.sha256)
        return path
    hint = (
        f"fetch it from https://huggingface.co/timm/{params.name} or name hub:timm/{params.name}@<revision>"
    )
    return weights_file(params.weights, params.sha256, _NAMES, hint=hint)


def _without_connected_layers(vgg: Any) -> None:
    """Its features become the mean of the last convolutional map, before pooling, as in Feng et al.'s VGG."""
    vgg.features[-1] = nn.Identity()
    vgg.pre_logits = nn.Identity()


def _stages(model: Any, name: str) -> Stages | None:
    indices = _places_of_stages(model, name)
    if indices is None:
        return None
    taken = sorted(set(indices))

    def stages(images: Tensor) -> tuple[Tensor, ...]:
        maps = model.forward_intermediates(images, indices=taken, output_fmt="NCHW", intermediates_only=True)
        return tuple(maps[taken.index(index)] for index in indices)

    return stages


def _with_stages(model: Any, name: str) -> FeaturesAndStages | None:
    indices = _places_of_stages(model, name)
    if indices is None:
        return None
    taken = sorted(set(indices))

    def with_stages(images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        last, maps = model.forward_intermediates(images, indices=taken, output_fmt="NCHW")
        return model.forward_head(last), tuple(maps[taken.index(index)] for index in indices)

    return with_stages


def _places_of_stages(model: Any, name: str) -> list[int] | None:
    """Of a convolutional network and a Swin the last maps before each reduction, without the finest ones.

    Of a ViT, whose maps are all of one size, those after each quarter of its blocks, without the norm.
    """
    if _family(name) not in (*_ANY_SIZE, *_CONVOLUTIONAL):
        return None
    if _family(name) == "vision_transformer":
        return quarters(len(model.blocks))
    count = len(model.feature_info)
    # timm lists the half-size maps of an EfficientNet, a stem before a ResNet's four, and of a VGG the first
    # map and the last pooling, too
    return list(range(count))[slice(1, 5) if _family(name) in _CONVOLUTIONAL else slice(4)]


def _patch(model: Any, name: str) -> int:
    return int(model.patch_embed.patch_size[0]) if _family(name) in _ANY_SIZE else 1


def _family(name: str) -> str:
    """The file of timm that defines a model, `resnet` of resnet50."""
    module: str = timm.model_entrypoint(name.partition(".")[0]).__module__
    return module.rpartition(".")[2]


def _with_weights(params: BackboneParams, path: Path) -> Any:
    state = load_state(path)
    try:
        options = _size_option(params) | OPTIONS.get(params.name, {})
        model = timm.create_model(params.name, **options)
        if _packaged(params):
            state = named_by_timm(state, model.state_dict())
        if _fits(state, model):
            model.load_state_dict(state)
        else:
            # timm's own loader: it renames old keys and resamples position embeddings
            model = timm.create_model(
                params.name, pretrained=True, pretrained_cfg_overlay={"state_dict": state}, **options
            )
    except (RuntimeError, ValueError, KeyError, AssertionError) as error:
        raise UserError(f"timm model '{params.name}' with {path}: {_line(error)}") from None
    return model


def _size_option(params: BackboneParams) -> dict[str, Any]:
    """Transformers are built for one size, and some can be told to take others besides; convolutional
    networks take any size and lack the option.
    """
    config = timm.get_pretrained_cfg(params.name)
    fixed = config is not None and config.fixed_input_size
    own = {"img_size": params.image_size} if fixed and params.image_size else {}
    return own | _ANY_SIZE.get(_family(params.name), {})


def _fits(state: dict[str, Tensor], model: nn.Module) -> bool:
    return {name: tensor.shape for name, tensor in model.state_dict().items()} == {
        name: tensor.shape for name, tensor in state.items()
    }


def _preprocess(model: nn.Module, params: BackboneParams) -> Preprocess:
    config = resolve_model_data_config(model)  # type: ignore[no-untyped-call]
    size = params.image_size or config["input_size"][-1]
    if _packaged(params):
        return packaged_preprocess(size)
    if config["crop_mode"] not in _MODES or config["interpolation"] not in ("bilinear", "bicubic"):
        raise UserError(
            f"timm preprocessing {config['crop_mode']}, {config['interpolation']} is not supported"
        )
    return Preprocess(
        size=size,
        resize=math.floor(size / config["crop_pct"]),
        mode=_MODES[config["crop_mode"]],  # type: ignore[arg-type]
        interpolation=config["interpolation"],
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
    )


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
