"""Visual backbones: the models that training enhances. One file per kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from pacl_core.errors import unknown
from pacl_core.models.preprocess import Preprocess
from pacl_core.params.models import BackboneParams

_KINDS = ("efficientnet_lite", "open_clip", "timm")


@dataclass(frozen=True)
class Backbone:
    """A feature extractor, with its preprocessing and what is needed to save it.

    `module` maps normalised float32 `[B, 3, H, W]` to `[B, dim]`; each of its parameters affects the
    features. `state` merges its weights with those that features do not need (a classifier, a text tower),
    under the key names of `library`, so that this library loads the saved file as it is; `unused_weights`
    names them, and `configs` are the JSON files that the library expects next to it. `weights_sha256` is of
    the file the weights were read from.
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


def load_backbone(params: BackboneParams) -> Backbone:
    """Load by `params.kind`, on the CPU, in evaluation mode. Raises `UserError` where files are missing."""
    if params.kind not in _KINDS:
        raise unknown("backbone kind", params.kind, _KINDS)
    module = import_module(f"pacl_core.models.backbones.{params.kind}")
    backbone: Backbone = module.load(params)
    return backbone


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
