"""Files in order, with failures among them."""

import numpy as np
import pytest

from pacl_core.errors import UserError
from pacl_core.inference.images import batches, image_files, model_pixels
from pacl_core.models.preprocess import Preprocess
from tests.small_run import drawing

PREPROCESS = Preprocess(32, 40, "shortest", "bicubic", (0.5,) * 3, (0.5,) * 3)


def test_folders_are_walked_in_name_order_and_files_stay_where_they_are_named(tmp_path):
    for name in ("b/2.JPG", "b/1.png", "b/deep/3.webp", "b/notes.txt", "a.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = list(image_files([tmp_path / "a.png", tmp_path / "b", tmp_path / "gone.jpg"]))
    names = ["a.png", "b/1.png", "b/2.JPG", "b/deep/3.webp", "gone.jpg"]
    assert found == [tmp_path / name for name in names]


def test_a_folder_without_images_is_an_error(tmp_path):
    with pytest.raises(UserError, match="no image in this folder"):
        list(image_files([tmp_path]))


@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_batches_keep_the_order_and_name_what_failed(tmp_path, size):
    files = [tmp_path / f"{number}.png" for number in range(5)]
    for number, file in enumerate(files):
        file.write_bytes(b"no picture" if number == 1 else drawing(number))
    files[3].unlink()
    found = list(batches(files, PREPROCESS, size, workers=2))
    assert [path for batch in found for path in batch.paths] == [files[0], files[2], files[4]]
    assert [path for batch in found for path, _ in batch.files] == files
    failed = [(path, error.reason) for batch in found for path, error in batch.files if error is not None]
    assert failed == [(files[1], "not_a_picture"), (files[3], "missing_image")]
    pixels = [row for batch in found if batch.pixels is not None for row in batch.pixels]
    for path, row in zip((files[0], files[2], files[4]), pixels, strict=True):
        assert (row == model_pixels(path, PREPROCESS)).all()
    assert all(row.shape == (3, 32, 32) and row.dtype == np.uint8 for row in pixels)
