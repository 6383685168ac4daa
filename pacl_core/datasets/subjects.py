"""Boxes of the persons who are meant, in the pixels of stored images, and whether a model sees them."""

from collections.abc import Sequence
from typing import Literal

from pacl_core.datasets.clip_frames import stored_box
from pacl_core.datasets.clips import Edges
from pacl_core.datasets.readers import Item
from pacl_core.media.image_header import open_image
from pacl_core.media.images import NormalisedImage, orientation

Shown = Literal["shown", "outside", "none"]


def subject_box(item: Item, image: NormalisedImage) -> Edges | None:
    """The box of an image's subject in the pixels in which it is stored; None where it has none in them."""
    if item.subject is None or item.box is not None or not isinstance(item.image, bytes):
        return None
    with open_image(item.image) as published:
        size, turned = published.size, orientation(published)
    box, size = upright_box(item.subject, size, turned)
    return stored_box(box, size, image)


def upright_box(box: Edges, size: tuple[int, int], turned: int) -> tuple[Edges, tuple[int, int]]:
    """A box in an image of `size` as stored, after the turn that EXIF names, and the turned image's size."""
    (width, height), (left, top, right, bottom) = size, box
    if turned in (2, 3, 7, 8):  # mirrored from left to right, in the file's own directions
        left, right = width - right, width - left
    if turned in (3, 4, 6, 7):
        top, bottom = height - bottom, height - top
    if turned < 5:
        return (left, top, right, bottom), size
    return (top, left, bottom, right), (height, width)


def whether_shown(boxes: Sequence[Edges | None], width: int, height: int) -> Shown:
    """Whether any box reaches into the square in the middle of a stored image, which models crop.

    One that does not gives a model an empty mask.
    """
    there = [box for box in boxes if box is not None]
    if not there:
        return "none"
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    inside = (
        box[0] < left + side and box[2] > left and box[1] < top + side and box[3] > top for box in there
    )
    return "shown" if any(inside) else "outside"
