"""Random views depend on seed, epoch and row alone."""

import numpy as np
from PIL import Image

from pacl_core.models.preprocess import Preprocess
from pacl_core.training.pixels import flips, random_resized_crop

PREPROCESS = Preprocess(16, 18, "shortest", "bicubic", (0.5,) * 3, (0.25,) * 3)


def image() -> Image.Image:
    chance = np.random.default_rng(0)
    return Image.fromarray(chance.integers(0, 256, (40, 90, 3), dtype=np.uint8))


def test_half_of_the_images_are_mirrored_others_in_each_epoch() -> None:
    rows = np.arange(400)
    first, second = flips(rows, epoch=0, seed=0), flips(rows, epoch=1, seed=0)
    assert 150 < first.sum() < 250
    assert (first != second).any()
    np.testing.assert_array_equal(first[::-1], flips(rows[::-1], epoch=0, seed=0))


def test_a_crop_is_drawn_from_seed_epoch_and_row() -> None:
    views = [
        random_resized_crop(image(), PREPROCESS, (seed, epoch, row, 1))
        for row, epoch, seed in [(0, 0, 0), (0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    ]
    assert views[0].shape == (3, 16, 16) and views[0].dtype == np.uint8
    np.testing.assert_array_equal(views[0], views[1])
    assert all((view != views[0]).any() for view in views[2:])


def test_a_crop_keeps_most_of_the_image() -> None:
    white_left = Image.new("L", (60, 60), 0)
    white_left.paste(255, (0, 0, 30, 60))
    for row in range(30):
        view = random_resized_crop(white_left.convert("RGB"), PREPROCESS, (0, 0, row, 1))
        assert 0.35 < view.mean() / 255 < 0.65
