"""The visual tower of any open_clip model: pooled features before the projection into the shared space."""

from typing import Any

from torch import nn

from pacl_core.models.backbones import Backbone, feature_dim, merged_state
from pacl_core.models.local_files import CONFIG
from pacl_core.models.open_clip_model import load_clip
from pacl_core.params.models import BackboneParams


def load(params: BackboneParams) -> Backbone:
    """CLIP ViT-B/32 gives 768-d features. `state` is the whole model's, projection and text tower as loaded.

    CLIP's ResNets pool by attention that ends in the projection: their features are its output.
    """
    clip = load_clip(params.name, params.weights, params.sha256, image_size=params.image_size)
    full = clip.network.state_dict()
    visual = _without_projection(clip.network.visual)
    kept = {f"visual.{name}" for name in visual.state_dict()}
    unused = {name: tensor.detach().clone() for name, tensor in full.items() if name not in kept}
    return Backbone(
        params=params,
        module=visual,
        dim=feature_dim(visual, clip.preprocess.size),
        preprocess=clip.preprocess,
        library="open_clip",
        state=lambda: merged_state(visual, unused, "visual."),
        weights_sha256=clip.weights_sha256,
        configs={CONFIG: clip.config},
        unused_weights=frozenset(unused),
    )


def _without_projection(visual: Any) -> nn.Module:
    if isinstance(getattr(visual, "proj", None), nn.Parameter):  # open_clip's own ViT
        visual.proj = None
    elif hasattr(visual, "trunk") and hasattr(visual, "head"):  # a timm model inside open_clip
        visual.head = nn.Identity()
    if hasattr(visual, "output_tokens"):  # CoCa asks its tower for tokens too
        visual.output_tokens = False
    network: nn.Module = visual
    return network
