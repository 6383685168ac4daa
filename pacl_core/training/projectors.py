"""The bias-free linear maps q_v and q_t into the common space (paper Eq. 4)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize


def make_projectors(image_dim: int, text_dim: int, dim: int, seed: int) -> nn.ModuleDict:
    """`image` [dim, D_v] and `text` [dim, D_t], normal with variance 1 / D so that norms are kept."""
    generator = torch.Generator().manual_seed(seed)
    projectors = nn.ModuleDict()
    for name, width in (("image", image_dim), ("text", text_dim)):
        linear = nn.Linear(width, dim, bias=False)
        nn.init.normal_(linear.weight, std=width**-0.5, generator=generator)
        projectors[name] = linear
    return projectors


def embed(projectors: nn.ModuleDict, image_VD: Tensor, text_TD: Tensor) -> tuple[Tensor, Tensor]:
    """Features [V, D_v] and [T, D_t] -> L2-normalised z_v [V, dim] and z_t [T, dim]."""
    return normalize(projectors["image"](image_VD), dim=1), normalize(projectors["text"](text_TD), dim=1)
