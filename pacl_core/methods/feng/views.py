"""Pixels of an image for a task: a crop, the middle square, or the whole in a square."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pacl_core.models.preprocess import Preprocess

Pixels = NDArray[np.uint8]

_LARGER = 256 / 224  # published: a short side of 256 pixels, of which a square of 224 is seen
_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


@dataclass(frozen=True)
class Place:
    """Where in an image a crop is taken: fractions of the free room, and whether it is mirrored."""

    left: float = 0.5
    top: float = 0.5
    flip: bool = False


MIDDLE = Place()


def random_place(generator: np.random.Generator) -> Place:
    """Any place, mirrored half of the time."""
    left, top, flip = generator.random(3).tolist()
    return Place(left, top, flip < 0.5)


def larger(size: int, patch: int = 1) -> int:
    """256 for a backbone of 224 pixels, by the same ratio for others, as a multiple of its patch."""
    return max(1, round(size * _LARGER / patch)) * patch


def crop(image: Image.Image, preprocess: Preprocess, place: Place = MIDDLE) -> Pixels:
    """`[3, S, S]` of the backbone's size S: 7/8 of the short side."""
    return _square(
        image, preprocess.size, share=1 / _LARGER, place=place, interpolation=preprocess.interpolation
    )


def middle_square(image: Image.Image, side: int, interpolation: str) -> Pixels:
    """`[3, side, side]`: the middle of the image, as large as its short side."""
    return _square(image, side, share=1.0, place=MIDDLE, interpolation=interpolation)


def squashed(image: Image.Image, side: int) -> Pixels:
    """`[3, side, side]`: the whole image, whatever its shape."""
    return _array(image.resize((side, side), Image.Resampling.LANCZOS))


def _square(image: Image.Image, side: int, *, share: float, place: Place, interpolation: str) -> Pixels:
    # cut and resized in one, so that an image of one row does not become one of millions of pixels
    width, height = image.size
    room = share * min(width, height)
    left, top = place.left * (width - room), place.top * (height - room)
    box = (left, top, left + room, top + room)
    seen = image.resize((side, side), _FILTERS[interpolation], box=box)
    pixels = _array(seen)
    return np.ascontiguousarray(pixels[..., ::-1]) if place.flip else pixels


def _array(image: Image.Image) -> Pixels:
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))
