"""Boxes of subjects follow the image: scaled, turned, clipped, counted where a crop hides them."""

import io

import numpy as np
import pytest
from PIL import Image

from pacl_core.datasets.readers import Item
from pacl_core.datasets.subjects import subject_box, upright_box, whether_shown
from pacl_core.media.images import normalise_image


def marked(orientation: int) -> bytes:
    """96 x 64, black, a white box at (8, 16, 40, 48) of the file's own pixels."""
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[16:48, 8:40] = 255
    image, stream = Image.fromarray(pixels), io.BytesIO()
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(stream, "PNG", exif=exif)
    return stream.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_follows_its_image_through_every_turn(orientation: int) -> None:
    data = marked(orientation)
    stored = normalise_image(data, 32)
    box = subject_box(Item("a", data, {}, subject=(8, 16, 40, 48)), stored)
    assert box is not None
    pixels = np.asarray(Image.open(io.BytesIO(stored.jpeg)).convert("L"), float)
    rows, columns = np.nonzero(pixels > 128)
    assert box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


def test_images_without_a_subject_have_no_box() -> None:
    data = marked(1)
    stored = normalise_image(data, 64)
    assert subject_box(Item("a", data, {}), stored) is None
    assert subject_box(Item("a", data, {}, subject=(96, 0, 120, 9)), stored) is None
    assert subject_box(Item("a", data, {}, subject=(-9, -9, 200, 200)), stored) == (0, 0, 96, 64)


def test_sizes_turn_with_the_image() -> None:
    assert upright_box((1, 2, 3, 4), (10, 20), 1) == ((1, 2, 3, 4), (10, 20))
    assert upright_box((1, 2, 3, 4), (10, 20), 3) == ((7, 16, 9, 18), (10, 20))
    assert upright_box((1, 2, 3, 4), (10, 20), 6) == ((16, 1, 18, 3), (20, 10))


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([], "none"),
        ([None, None], "none"),
        ([(0, 0, 10, 20)], "outside"),
        ([(0, 0, 10, 20), None, (90, 0, 100, 20)], "outside"),
        ([(0, 0, 10, 20), (0, 0, 41, 20)], "shown"),
        ([(59, 19, 70, 20)], "shown"),
    ],
)
def test_boxes_outside_of_the_square_in_the_middle(
    boxes: list[tuple[float, float, float, float] | None], expected: str
) -> None:
    assert whether_shown(boxes, 100, 20) == expected
