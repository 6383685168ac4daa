"""An image in any form is stored as the pipeline stores it."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from pacl_core.inference.images import model_pixels, stored_image
from pacl_core.media.rejects import UnusableError
from pacl_core.models.preprocess import Preprocess
from tests.small_run import drawing

PREPROCESS = Preprocess(32, 40, "shortest", "bicubic", (0.5,) * 3, (0.5,) * 3)


@pytest.fixture(scope="module")
def array():
    return np.asarray(Image.open(io.BytesIO(drawing(1))).convert("RGB"))


def test_arrays_and_tensors_are_the_image_that_they_hold(array):
    expected = stored_image(drawing(1), 256)
    tensor = torch.from_numpy(array.copy()).permute(2, 0, 1)
    for form in (array, array / 255.0, array.astype(np.float32) / 255, tensor, tensor / 255.0):
        assert stored_image(form, 256) == expected
    grey = array[:, :, 0]
    of_grey = stored_image(Image.fromarray(grey), 256)
    for form in (grey, grey[:, :, None], torch.from_numpy(grey.copy())[None]):
        assert stored_image(form, 256) == of_grey
    assert model_pixels(array, PREPROCESS).shape == (3, 32, 32)


@pytest.mark.parametrize(
    ("shape", "of"),
    [((4, 5, 4), np.uint8), ((2, 4, 5, 3), np.uint8), ((5,), np.uint8), ((0, 5, 3), np.uint8)],
)
def test_other_shapes_are_named(shape, of):
    with pytest.raises(UnusableError, match="bad_array: shape"):
        stored_image(np.zeros(shape, of), 256)


@pytest.mark.parametrize("values", [[0.0, 255.0], [-0.5, 0.5], [0.0, np.nan]])
def test_floats_are_from_0_to_1(values):
    with pytest.raises(UnusableError, match="bad_array: floats are from 0 to 1"):
        stored_image(np.full((4, 2, 3), np.array(values)[:, None]), 256)


def test_other_numbers_are_named():
    with pytest.raises(UnusableError, match="bad_array: int64"):
        stored_image(np.zeros((4, 5, 3), np.int64), 256)


def test_boxes_are_in_pixels_as_shown():
    """An image of 40 x 60 with an EXIF turn is shown as 60 x 40; its short side is stored as 20."""
    stream = io.BytesIO()
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (40, 60)).save(stream, "JPEG", exif=turned)
    ((box,),) = stored_image(stream.getvalue(), 20, [(30, 0, 90, 40)]).boxes
    assert box == {"left": 15.0, "top": 0.0, "right": 30.0, "bottom": 20.0, "score": 1.0}


@pytest.mark.parametrize(
    ("box", "why"),
    [
        ((100, 0, 120, 10), "outside"),
        ((20, 0, 10, 10), "inverted or flat"),
        ((0, 5, 10, 5), "inverted or flat"),
        ((float("nan"), 0, 10, 10), "not finite"),
    ],
)
def test_a_box_that_marks_nothing_is_named(box, why):
    with pytest.raises(UnusableError, match=f"bad_box: .* is {why}; 100 x 80"):
        stored_image(drawing(0), 256, [box])
