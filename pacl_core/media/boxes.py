"""Boxes around persons: from whatever pixels they were marked in to those of a stored frame, clipped."""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import pyarrow as pa

MOST = 1000  # boxes of a frame that are kept; a detector gives some hundreds at most
_LETTERBOX, _STRIDE = 640, 32  # of YOLOv7, by which the published boxes were found

Size = tuple[int, int]  # width, height


class Box(NamedTuple):
    """Sides in pixels, from the top left corner; `score` is the detector's, 1 of a box that is given."""

    left: float
    top: float
    right: float
    bottom: float
    score: float = 1.0


# of a clip: a list per frame
BOXES_TYPE = pa.list_(pa.list_(pa.struct([(name, pa.float32()) for name in Box._fields])))


def from_letterbox(box: Box, size: Size) -> Box:
    """A box in the detector's letterboxed 640 pixels in those of the frame it saw, of `size`; not clipped.

    x = (x' - left) / r with r = min(640/w, 640/h), left = ((640 - w r) mod 32) / 2; y likewise.
    """
    ratio = min(_LETTERBOX / size[0], _LETTERBOX / size[1])
    # rounded: where a side fills the 640 pixels, 640 - side * ratio may be just below 0, which mod 32 is 32
    left, top = ((round(_LETTERBOX - side * ratio, 6) % _STRIDE) / 2 for side in size)
    return Box(
        (box.left - left) / ratio,
        (box.top - top) / ratio,
        (box.right - left) / ratio,
        (box.bottom - top) / ratio,
        box.score,
    )


def stored_boxes(boxes: Iterable[Box], size: Size, stored: Size) -> tuple[list[Box], Counter[str]]:
    """Boxes in pixels of `size` in those of `stored`, clipped to it, in their order; and what was left out.

    Left out, by reason: not_finite, inverted_or_flat (no area), outside, beyond_most.
    """
    kept: list[Box] = []
    left_out: Counter[str] = Counter()
    wide, high = stored[0] / size[0], stored[1] / size[1]
    for box in boxes:
        if not all(map(math.isfinite, box)):
            left_out["not_finite"] += 1
        elif box.left >= box.right or box.top >= box.bottom:
            left_out["inverted_or_flat"] += 1
        elif len(kept) == MOST:
            left_out["beyond_most"] += 1
        else:
            clipped = Box(
                max(box.left * wide, 0.0),
                max(box.top * high, 0.0),
                min(box.right * wide, float(stored[0])),
                min(box.bottom * high, float(stored[1])),
                box.score,
            )
            if clipped.left < clipped.right and clipped.top < clipped.bottom:
                kept.append(clipped)
            else:
                left_out["outside"] += 1
    return kept, left_out


def read_boxes(values: Any) -> list[Box]:
    """Boxes from JSON: lists of four numbers, or five with the score. Raises `ValueError` for any other."""
    if not isinstance(values, list):
        raise ValueError(f"boxes are a list, not a {type(values).__name__}")
    return [_read_box(value) for value in values]


def _read_box(value: Any) -> Box:
    if not isinstance(value, list) or len(value) not in (4, 5):
        raise ValueError("a box is [left, top, right, bottom] or [left, top, right, bottom, score]")
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in value):
        raise ValueError("a box holds numbers only")
    try:
        return Box(*map(float, value))
    except OverflowError:
        return Box(*(math.inf,) * 4)
