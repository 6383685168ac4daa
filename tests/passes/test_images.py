"""The image pass against decoding and encoding every picture on its own."""

from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from pacl_core.corpus.pictures import decode_jpeg, normalise_picture
from pacl_core.passes.images import encode_images

SIZE = 8


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.resize((SIZE, SIZE)), np.uint8).transpose(2, 0, 1)


def mean_colour(block: np.ndarray) -> np.ndarray:
    return block.reshape(len(block), 3, -1).mean(axis=2).astype(np.float32)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """23 rows of 10 distinct pictures in two files."""
    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(10):
        stream = BytesIO()
        Image.fromarray(rng.integers(0, 255, (20, 30, 3), np.uint8)).save(stream, "PNG")
        pictures.append(normalise_picture(stream.getvalue(), 16))
    rows = [pictures[i] for i in rng.integers(0, 10, 23)]
    folder = tmp_path / "pairs"
    folder.mkdir()
    for part, span in enumerate((slice(0, 9), slice(9, 23))):
        pl.DataFrame(
            {"image": [one.jpeg for one in rows[span]], "pixel_hash": [one.pixel_hash for one in rows[span]]}
        ).write_parquet(folder / f"part-{part:05d}.parquet", row_group_size=4)
    return folder


def expected(pairs: Path) -> np.ndarray:
    jpegs = pl.read_parquet(pairs / "*.parquet")["image"].to_list()
    return np.concatenate([mean_colour(pixels(decode_jpeg(jpeg))[None]) for jpeg in jpegs])


@pytest.mark.parametrize("batch", [1, 3, 64])
@pytest.mark.parametrize("workers", [1, 3])
def test_every_row_has_the_vector_of_its_picture(
    pairs: Path, tmp_path: Path, batch: int, workers: int
) -> None:
    done = encode_images(pairs, pixels, mean_colour, 3, batch, workers, tmp_path / "scratch", "images")
    assert np.array_equal(done.block(0, 23), expected(pairs))


def test_a_repeated_picture_is_encoded_once(pairs: Path, tmp_path: Path) -> None:
    counted = []

    def counting(block: np.ndarray) -> np.ndarray:
        counted.append(len(block))
        return mean_colour(block)

    encode_images(pairs, pixels, counting, 3, 4, 1, tmp_path / "scratch", "images")
    assert sum(counted) == pl.read_parquet(pairs / "*.parquet")["pixel_hash"].n_unique()


def test_a_stopped_pass_goes_on_where_it_was(pairs: Path, tmp_path: Path) -> None:
    counted = []

    def counting(block: np.ndarray) -> np.ndarray:
        if len(counted) == 2:
            raise KeyboardInterrupt
        counted.append(len(block))
        return mean_colour(block)

    with pytest.raises(KeyboardInterrupt):
        encode_images(pairs, pixels, counting, 3, 3, 1, tmp_path / "scratch", "images")
    again = []

    def rest(block: np.ndarray) -> np.ndarray:
        again.append(len(block))
        return mean_colour(block)

    done = encode_images(pairs, pixels, rest, 3, 3, 1, tmp_path / "scratch", "images")
    assert sum(counted) + sum(again) == pl.read_parquet(pairs / "*.parquet")["pixel_hash"].n_unique()
    assert np.array_equal(done.block(0, 23), expected(pairs))
