"""Some images of a stored data set, by their place among these."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pacl_core.errors import UserError
from pacl_core.evaluation.protocols.downstream_images import unpacked_images


def jpeg(grey: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (16, 16), (grey,) * 3).save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture
def dataset(tmp_path):
    """150 images, more than are read at once; row 70 is broken."""
    images = [b"broken" if row == 70 else jpeg(row) for row in range(150)]
    ids = [f"item{row:03}" for row in range(150)]
    pq.write_table(pa.table({"item_id": ids, "image": images}), tmp_path / "greys.parquet", row_group_size=40)
    return tmp_path / "greys.parquet"


def test_images_are_those_of_the_rows_and_come_back_without_the_data_set(dataset, tmp_path):
    rows = np.array([0, 3, 64, 65, 149])
    image = unpacked_images(dataset, rows, tmp_path)
    assert [image(place).getpixel((5, 5))[0] for place in (4, 0, 2, 1, 3)] == [149, 0, 64, 3, 65]
    dataset.unlink()
    assert unpacked_images(dataset, rows, tmp_path)(3).getpixel((5, 5))[0] == 65


def test_a_broken_image_is_named_by_its_row(dataset, tmp_path):
    image = unpacked_images(dataset, np.array([69, 70]), tmp_path)
    assert image(0).size == (16, 16)
    with pytest.raises(UserError, match=r"greys\.parquet: the image of row 70"):
        image(1)
