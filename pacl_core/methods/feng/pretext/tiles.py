"""Nine tiles of an image, in another order, and back."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate


def cut(images: Tensor) -> Tensor:
    """`[B, C, 3t, 3t]` -> nine tiles `[B, 9, C, t, t]`, row after row; neighbours touch."""
    count, channels, side, _ = images.shape
    tile = side // 3
    grid = images.view(count, channels, 3, tile, 3, tile)
    return grid.permute(0, 2, 4, 1, 3, 5).reshape(count, 9, channels, tile, tile)


def joined(tiles: Tensor) -> Tensor:
    """The inverse of `cut`: `[B, 9, C, t, t]` -> `[B, C, 3t, 3t]`."""
    count, _, channels, tile, _ = tiles.shape
    grid = tiles.view(count, 3, 3, channels, tile, tile)
    return grid.permute(0, 3, 1, 4, 2, 5).reshape(count, channels, 3 * tile, 3 * tile)


def apart(tiles: Tensor, gap: int, corners: Tensor) -> Tensor:
    """A part of each tile, `gap` pixels smaller, resized to the tile's size; values in [0, 255] as float.

    `corners` `[B, 9, 2]`: the parts' top and left, from 0 to `gap`. Edges of neighbours then no longer
    continue each other (Noroozi and Favaro 2016): a jigsaw is not to be solved by them.
    """
    count, _, channels, tile, _ = tiles.shape
    part = tile - gap
    steps = torch.arange(part, device=tiles.device)
    rows = (corners[..., 0, None] + steps)[:, :, None, :, None]
    columns = (corners[..., 1, None] + steps)[:, :, None, None, :]
    one = torch.arange(count, device=tiles.device).view(-1, 1, 1, 1, 1)
    place = torch.arange(9, device=tiles.device).view(1, -1, 1, 1, 1)
    channel = torch.arange(channels, device=tiles.device).view(1, 1, -1, 1, 1)
    parts = tiles[one, place, channel, rows, columns].flatten(0, 1).float()
    size = (tile, tile)
    return interpolate(parts, size, mode="bilinear", antialias=True).view(count, 9, channels, tile, tile)


def permuted(tiles: Tensor, orders: Tensor) -> Tensor:
    """`[B, 9, ...]` where the tile at place t is `orders[b, t]`; `orders` `[B, 9]` are permutations."""
    return tiles[torch.arange(len(tiles), device=tiles.device)[:, None], orders]


def put_back(tiles: Tensor, orders: Tensor) -> Tensor:
    """The inverse of `permuted`."""
    return permuted(tiles, orders.argsort(dim=1))
