"""The visual tower of any open_clip model: pooled features before the projection into the shared space."""

from typing import Any

import torch
from open_clip.transformer import VisionTransformer
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import interpolate

from pacl_core.models.backbones import (
    Backbone,
    FeaturesAndStages,
    Images,
    feature_dim,
    merged_state,
    quarters,
)
from pacl_core.models.local_files import CONFIG
from pacl_core.models.open_clip_model import load_clip
from pacl_core.params.models import BackboneParams


def load(params: BackboneParams) -> Backbone:
    """CLIP ViT-B/32 gives 768-d features. `state` is the whole model's, projection and text tower as loaded.

    CLIP's ResNets pool by attention that ends in the projection: their features are its output.
    """
    clip = load_clip(params.name, params.weights, params.sha256, image_size=params.image_size)
    full = clip.network.state_dict()
    visual: Any = _without_projection(clip.network.visual)
    kept = {f"visual.{name}" for name in visual.state_dict()}
    unused = {name: tensor.detach().clone() for name, tensor in full.items() if name not in kept}
    # that of a subclass, or of a model without a class token, would be other ones
    own_vit = type(visual) is VisionTransformer and hasattr(visual, "class_embedding")
    with_stages = _with_stages(visual) if own_vit else None
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
        stages=(lambda images: with_stages(images)[1]) if with_stages else None,
        with_stages=with_stages,
        any_size=_any_size(visual) if own_vit else None,
        patch=int(visual.patch_size[0]) if own_vit else 1,
    )


def _with_stages(visual: Any) -> FeaturesAndStages:
    """Features, and maps after each quarter of the blocks without the norm, of images of any size."""
    ends = quarters(len(visual.transformer.resblocks))

    def with_stages(images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        patches = visual.conv1(images)
        count, width, height, breadth = patches.shape
        first = visual.class_embedding.to(patches.dtype).expand(count, 1, width)
        tokens = torch.cat([first, patches.flatten(2).transpose(1, 2)], dim=1)
        positions = _positions(visual, (height, breadth)).to(tokens.dtype)
        tokens = visual.ln_pre(visual.patch_dropout(tokens + positions))
        after = []
        for block in visual.transformer.resblocks:
            tokens = block(tokens)
            after.append(tokens)
        maps = (after[end][:, 1:].transpose(1, 2).reshape(count, width, height, breadth) for end in ends)
        return visual._pool(tokens)[0], tuple(maps)

    return with_stages


def _any_size(visual: Any) -> Images:
    """The tower's features, with its positions resampled for images of another size than its own."""

    def features(images: Tensor) -> Tensor:
        grid = (images.shape[-2] // visual.patch_size[0], images.shape[-1] // visual.patch_size[1])
        found: Tensor
        if grid == tuple(visual.grid_size):
            found = visual(images)
        else:
            found = functional_call(visual, {"positional_embedding": _positions(visual, grid)}, (images,))
        return found

    return features


def _positions(visual: Any, grid: tuple[int, int]) -> Tensor:
    """`[1 + h w, C]`: the embeddings of positions, resampled where the grid is not the model's own."""
    positions: Tensor = visual.positional_embedding
    if grid == tuple(visual.grid_size):
        return positions
    own = positions[1:].T.reshape(1, -1, *visual.grid_size)
    resampled = interpolate(own, grid, mode="bicubic", antialias=True)
    return torch.cat([positions[:1], resampled[0].flatten(1).T])


def _without_projection(visual: Any) -> nn.Module:
    if isinstance(getattr(visual, "proj", None), nn.Parameter):  # open_clip's own ViT
        visual.proj = None
    elif hasattr(visual, "trunk") and hasattr(visual, "head"):  # a timm model inside open_clip
        visual.head = nn.Identity()
    if hasattr(visual, "output_tokens"):  # CoCa asks its tower for tokens too
        visual.output_tokens = False
    network: nn.Module = visual
    return network
