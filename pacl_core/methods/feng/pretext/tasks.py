"""Inputs and targets of the tasks that make their own labels, from uint8 images on any device."""

from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from pacl_core.methods.feng.pretext.lab import ab_target, lab, lightness_input
from pacl_core.methods.feng.pretext.permutations import permutations
from pacl_core.methods.feng.pretext.tiles import apart, cut, permuted


def colorization(crops: Tensor) -> tuple[Tensor, Tensor]:
    """uint8 `[B, 3, S, S]` -> lightness in three channels `[B, 3, S, S]`, colours `[B, 2, S, S]`."""
    found = lab(crops)
    return lightness_input(found), ab_target(found)


def super_resolution(squares: Tensor, low: int) -> tuple[Tensor, Tensor]:
    """uint8 `[B, 3, S, S]` -> shrunk to `low`, uint8 values as float; the square in [0, 1] as float32."""
    shrunk = interpolate(squares.float(), (low, low), mode="bilinear", antialias=True)
    return shrunk, squares.float() / 255


def enlarged(shrunk: Tensor, high: int) -> Tensor:
    """What super resolution is compared with: bicubic, of values in [0, 255] to those in [0, 1]."""
    return (interpolate(shrunk, (high, high), mode="bicubic") / 255).clamp(0, 1)


def jigsaw(
    crops: Tensor, classes: Tensor, *, side: int, gap: int = 0, corners: Tensor | None = None
) -> Tensor:
    """uint8 `[B, 3, S, S]` -> tiles in the order of their class, values in [0, 255] `[B, 9, 3, t, t]`.

    `side`: of the image that is cut, 3 t pixels. `corners` `[B, 9, 2]`, from 0 to `gap`: where the part of
    each tile begins; None: its middle.
    """
    images = crops.float()
    if images.shape[-1] != side:
        images = interpolate(images, (side, side), mode="bilinear", antialias=True)
    tiles = cut(images)
    if gap:
        if corners is None:
            corners = torch.full((len(crops), 9, 2), gap // 2, device=crops.device)
        tiles = apart(tiles, gap, corners)
    return permuted(tiles, orders(str(crops.device))[classes])


@cache
def orders(device: str) -> Tensor:
    """`permutations` on a device, `[1008, 9]`."""
    return torch.from_numpy(permutations()).to(device)
