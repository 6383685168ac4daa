import numpy as np
import pytest
from PIL import Image

from pacl_core.methods.feng.views import MIDDLE, Place, crop, larger, middle_square, random_place, squashed
from pacl_core.models.preprocess import Preprocess

PREPROCESS = Preprocess(224, 256, "shortest", "bilinear", (0.5, 0.5, 0.5), (0.2, 0.2, 0.2))
LEFT_TO_RIGHT = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (256, 1))).convert("RGB")


def test_a_crop_is_seven_eighths_at_its_place() -> None:
    for place, first in ((Place(0.0, 0.0), 0), (MIDDLE, 16), (Place(1.0, 0.3), 32)):
        pixels = crop(LEFT_TO_RIGHT, PREPROCESS, place)
        assert pixels.shape == (3, 224, 224)
        assert pixels[0, 0].tolist() == list(range(first, first + 224))
    assert crop(LEFT_TO_RIGHT, PREPROCESS, Place(0.0, 0.0, flip=True))[0, 0, 0] == 223


def test_places_are_random_and_half_are_mirrored() -> None:
    generator = np.random.default_rng(0)
    places = [random_place(generator) for _ in range(400)]
    assert 0.4 < np.mean([place.flip for place in places]) < 0.6
    assert min(place.left for place in places) < 0.02 and max(place.top for place in places) > 0.98


@pytest.mark.parametrize("size", [(1000, 1), (1, 1000), (3, 2000), (1, 1)])
def test_images_of_any_shape_have_views(size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, (10, 20, 30))
    for pixels in (crop(image, PREPROCESS), middle_square(image, 256, "bicubic"), squashed(image, 256)):
        assert (pixels == np.array([10, 20, 30], np.uint8)[:, None, None]).all()


def test_the_larger_side_is_256_for_224_and_a_multiple_of_the_patch() -> None:
    assert [larger(224), larger(224, 16), larger(224, 14), larger(112, 1)] == [256, 256, 252, 128]


def test_a_middle_square_and_a_squashed_image() -> None:
    wide = LEFT_TO_RIGHT.crop((0, 0, 256, 64))
    assert middle_square(wide, 64, "bilinear")[0, 0].tolist() == list(range(96, 160))
    ends = squashed(wide, 64)[0, 0]
    assert ends[0] < 4 and ends[-1] > 251
