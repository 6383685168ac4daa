"""Where the subject is in what a model sees: boxes of a stored image, in a view of it, as shares of patches.

Boxes are `[N, 4]` float64, left, top, right, bottom in pixels; an edge at x lies between pixels x - 1 and x.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
Size = tuple[int, int]
"""Width and height."""


class View(NamedTuple):
    """A square of `side` pixels at (`left`, `top`) of an image that was resized to `width` x `height`."""

    width: int
    height: int
    left: int
    top: int
    side: int


def as_boxes(rows: Sequence[Sequence[float]] | NDArray[np.floating]) -> Boxes:
    """`[N, 4]` of rows that begin with four numbers (a score may follow); N may be 0."""
    array = np.asarray(rows, np.float64)
    return array.reshape(len(array), -1)[:, :4] if array.size else np.empty((0, 4))


def clipped(boxes: Boxes, size: Size) -> Boxes:
    """The parts of boxes inside an image of `size`; those that have none are left out.

    So are boxes with NaN, inverted ones and those without an area.
    """
    bounds = np.array([*size, *size], np.float64)
    sound = ~np.isnan(boxes).any(axis=1)  # of infinite edges the inside is clear
    sound &= (boxes[:, 0] < boxes[:, 2]) & (boxes[:, 1] < boxes[:, 3])
    inside: Boxes = np.clip(boxes[sound], 0, bounds)
    return inside[(inside[:, 0] < inside[:, 2]) & (inside[:, 1] < inside[:, 3])]


def in_view(boxes: Boxes, image: Size, view: View) -> Boxes:
    """Boxes of an image of size `image` in the pixels of a view of it, clipped to the view."""
    scale = [view.width / image[0], view.height / image[1]]
    corner = [view.left, view.top]
    return clipped(boxes * np.array(scale * 2) - np.array(corner * 2), (view.side, view.side))


def coverage(boxes: Boxes, side: int, patch: int) -> NDArray[np.float32]:
    """`[g * g]` row by row, g = `side` // `patch`: the share of each patch that lies in any of the boxes.

    `boxes` are those of a view of `side` pixels; they are clipped to it and rounded outward to whole pixels.
    """
    grid = side // patch
    inside = clipped(boxes, (side, side))
    left, top = np.floor(inside[:, :2]).astype(np.int64).T
    right, bottom = np.ceil(inside[:, 2:]).astype(np.int64).T
    # each box adds 1 from its first pixel on and takes it away behind its last one: any number in one pass
    steps = np.zeros((side + 1, side + 1), np.int64)
    for rows, columns, value in ((top, left, 1), (top, right, -1), (bottom, left, -1), (bottom, right, 1)):
        np.add.at(steps, (rows, columns), value)
    mask = steps.cumsum(axis=0).cumsum(axis=1)[: grid * patch, : grid * patch] > 0
    shares: NDArray[np.float32] = mask.reshape(grid, patch, grid, patch).mean(axis=(1, 3), dtype=np.float32)
    return shares.reshape(-1)
