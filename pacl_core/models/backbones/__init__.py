"""Visual backbones: the models that training enhances. One file per kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from pacl_core.errors import UserError, unknown
from pacl_core.models.preprocess import Preprocess
from pacl_core.params.models import BackboneParams

_KINDS = ("open_clip", "timm")
_WITH_STAGES = "timm's EfficientNet, ResNet, VGG, Swin and ViT, open_clip's ViT"

Images = Callable[[Tensor], Tensor]
Stages = Callable[[Tensor], tuple[Tensor, ...]]
"""Normalised `[B, 3, H, W]` to four maps `[B, C, h, w]`, from fine to coarse."""
FeaturesAndStages = Callable[[Tensor], tuple[Tensor, tuple[Tensor, ...]]]
"""The features `[B, dim]` and the maps of the same forward pass."""


@dataclass(frozen=True)
class Backbone:
    """A feature extractor, with its preprocessing and what is needed to save it.

    `module` maps normalised float32 `[B, 3, H, W]` to `[B, dim]`; each of its parameters affects the
    features. `state` merges its weights with those that features do not need (a classifier, a text tower),
    under the key names of `library`, so that this library loads the saved file as it is; `unused_weights`
    names them, and `configs` are the JSON files that the library expects next to it. `weights_sha256` is of
    the file the weights were read from.

    `stages` (None: it has none) computes the maps that `module` passes through on its way to the features, of
    images whose sides are multiples of `patch`; `with_stages` gives features and maps in one pass, of images
    of the module's own size. `any_size` does what `module` does for such images, where that takes one size
    only.
    """

    params: BackboneParams
    module: nn.Module
    dim: int
    preprocess: Preprocess
    library: str
    state: Callable[[], dict[str, Tensor]]
    weights_sha256: str
    configs: Mapping[str, Any] = field(default_factory=dict)
    unused_weights: frozenset[str] = frozenset()
    stages: Stages | None = None
    with_stages: FeaturesAndStages | None = None
    any_size: Images | None = None
    patch: int = 1


def load_backbone(params: BackboneParams) -> Backbone:
    """Load by `params.kind`, on the CPU, in evaluation mode. Raises `UserError` where files are missing."""
    if params.kind not in _KINDS:
        raise unknown("backbone kind", params.kind, _KINDS)
    module = import_module(f"pacl_core.models.backbones.{params.kind}")
    backbone: Backbone = module.load(params)
    return backbone


def stages_of(backbone: Backbone) -> Stages:
    """The backbone's stage maps. Raises `UserError` for one without."""
    if backbone.stages is None:
        raise _without_stages(backbone)
    return backbone.stages


def with_stages_of(backbone: Backbone) -> FeaturesAndStages:
    """The backbone's features with its stage maps. Raises `UserError` for one without."""
    if backbone.with_stages is None:
        raise _without_stages(backbone)
    return backbone.with_stages


def _without_stages(backbone: Backbone) -> UserError:
    named = f"backbone {backbone.params.kind} '{backbone.params.name}'"
    return UserError(f"{named} has no stage maps; take one of {_WITH_STAGES}")


def quarters(depth: int) -> list[int]:
    """The places of the last blocks of four parts of a transformer: 2, 5, 8, 11 of 12 blocks.

    One of less than four blocks has some of them twice.
    """
    return [-(-depth * quarter // 4) - 1 for quarter in (1, 2, 3, 4)]


def merged_state(module: nn.Module, unused: dict[str, Tensor], prefix: str = "") -> dict[str, Tensor]:
    """The module's weights under `prefix` and those that features do not use, by name, copied to the CPU."""
    own = {prefix + name: tensor for name, tensor in module.state_dict().items()}
    merged = {**unused, **own}
    return {name: merged[name].detach().to("cpu", copy=True).contiguous() for name in sorted(merged)}


def feature_dim(module: nn.Module, size: int) -> int:
    """Length of the vectors that a module in evaluation mode gives for images of `size`."""
    with torch.inference_mode():
        features: Tensor = module(torch.zeros(1, 3, size, size))
    module.eval()  # drops what some layers keep from a forward pass (`models.modes`)
    return features.shape[-1]
