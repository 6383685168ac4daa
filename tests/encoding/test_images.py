"""Images encoded against decoding and encoding every image on its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from pacl_core.encoding import encoded as resumable
from pacl_core.encoding.encoded import Encoded
from pacl_core.encoding.engine import engine
from pacl_core.encoding.images import encode_clips, encode_images
from pacl_core.errors import UserError
from pacl_core.media.images import decode_jpeg, normalise_image
from pacl_core.models.preprocess import Preprocess
from pacl_core.runtime.settings import Runtime

PREPROCESS = Preprocess(8, 8, "squash", "bilinear", (0.0,) * 3, (1.0,) * 3)


def mean_colour(block: np.ndarray) -> np.ndarray:
    return block.reshape(len(block), 3, -1).mean(axis=2).astype(np.float32)


@dataclass
class Colours:
    """A model whose vector is the mean colour; it counts what it sees and may stop after some batches."""

    stop_after: int | None = None
    counted: list[int] = field(default_factory=list)
    preprocess: Preprocess = PREPROCESS

    def encode_pixels(self, pixels: np.ndarray) -> np.ndarray:
        if self.stop_after is not None and len(self.counted) >= self.stop_after:
            raise KeyboardInterrupt
        self.counted.append(len(pixels))
        return mean_colour(pixels)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """23 rows of 10 distinct images in two files."""
    rng = np.random.default_rng(0)
    images = []
    for _ in range(10):
        stream = BytesIO()
        Image.fromarray(rng.integers(0, 255, (20, 30, 3), np.uint8)).save(stream, "PNG")
        images.append(normalise_image(stream.getvalue(), 16))
    rows = [images[i] for i in rng.integers(0, 10, 23)]
    folder = tmp_path / "pairs"
    folder.mkdir()
    for part, span in enumerate((slice(0, 9), slice(9, 23))):
        pl.DataFrame(
            {"image": [one.jpeg for one in rows[span]], "pixel_hash": [one.pixel_hash for one in rows[span]]}
        ).write_parquet(folder / f"part-{part:05d}.parquet", row_group_size=4)
    return folder


@pytest.fixture
def encode(pairs: Path, tmp_path: Path) -> Callable[..., Encoded]:
    def run(model: Colours, batch: int = 3, workers: int = 1) -> Encoded:
        with engine(lambda: model, Runtime("cpu", workers, batch)) as one:
            return encode_images(one, pairs, tmp_path / "images")

    return run


def expected(pairs: Path) -> np.ndarray:
    jpegs = pl.read_parquet(pairs / "*.parquet")["image"].to_list()
    pixels = [PREPROCESS.pixels(decode_jpeg(jpeg)) for jpeg in jpegs]
    return np.concatenate([mean_colour(one[None]) for one in pixels])


def distinct_images(pairs: Path) -> int:
    return pl.read_parquet(pairs / "*.parquet")["pixel_hash"].n_unique()


@pytest.mark.parametrize("batch", [1, 3, 64])
@pytest.mark.parametrize("workers", [1, 3])
def test_every_row_has_the_vector_of_its_image(encode, pairs: Path, batch: int, workers: int) -> None:
    assert np.array_equal(encode(Colours(), batch, workers).rows(0, 23), expected(pairs))


def test_any_rows_can_be_asked_for(encode, pairs: Path) -> None:
    found = encode(Colours())
    assert np.array_equal(found.rows(7, 12), expected(pairs)[7:12])
    assert found.dim == 3


def test_a_repeated_image_is_encoded_once(encode, pairs: Path) -> None:
    model = Colours()
    encode(model, 4)
    assert sum(model.counted) == distinct_images(pairs)


def test_a_batch_holds_images_of_one_file(encode, pairs: Path) -> None:
    model = Colours()
    encode(model, 64)
    first = pl.read_parquet(pairs / "part-00000.parquet")["pixel_hash"].n_unique()
    assert model.counted == [first, distinct_images(pairs) - first]


def test_a_stopped_run_is_resumed_within_its_block(encode, pairs: Path, monkeypatch) -> None:
    monkeypatch.setattr(resumable, "SECONDS", 0)
    with pytest.raises(KeyboardInterrupt):
        encode(Colours(stop_after=2), 2)
    rest = Colours()
    assert np.array_equal(encode(rest, 2).rows(0, 23), expected(pairs))
    assert sum(rest.counted) == distinct_images(pairs) - 4


def test_a_finished_run_needs_no_model(encode, pairs: Path, tmp_path: Path) -> None:
    encode(Colours())
    with engine(lambda: pytest.fail("loaded again"), Runtime("cpu", 1, 3)) as one:
        assert np.array_equal(encode_images(one, pairs, tmp_path / "images").rows(0, 23), expected(pairs))


def test_a_broken_file_is_named(encode, pairs: Path) -> None:
    path = pairs / "part-00001.parquet"
    data = bytearray(path.read_bytes())
    data[4:400] = bytes(396)  # pages; the footer stays
    path.write_bytes(data)
    with pytest.raises(UserError):
        encode(Colours())


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """11 clips of 3 frames in one file, of which the last has the frames of the first."""
    rng = np.random.default_rng(1)

    def frame() -> bytes:
        stream = BytesIO()
        Image.fromarray(rng.integers(0, 255, (20, 30, 3), np.uint8)).save(stream, "PNG")
        return normalise_image(stream.getvalue(), 16).jpeg

    rows = [[frame() for _ in range(3)] for _ in range(10)]
    rows.append(rows[0])
    table = pl.DataFrame({"frames": rows, "frames_hash": [f"{number % 10}" for number in range(11)]})
    table.write_parquet(tmp_path / "clips.parquet", row_group_size=4)
    return tmp_path / "clips.parquet"


def means_of_frames(clips: Path) -> np.ndarray:
    rows = pl.read_parquet(clips)["frames"].to_list()
    pixels = [np.stack([PREPROCESS.pixels(decode_jpeg(jpeg)) for jpeg in row]) for row in rows]
    return np.stack([mean_colour(one).mean(axis=0, dtype=np.float64) for one in pixels]).astype(np.float32)


@pytest.mark.parametrize("batch", [1, 3, 7, 64])
@pytest.mark.parametrize("workers", [1, 3])
def test_a_clip_has_the_mean_of_its_frames(clips: Path, tmp_path: Path, batch: int, workers: int) -> None:
    model = Colours()
    with engine(lambda: model, Runtime("cpu", workers, batch)) as one:
        found = encode_clips(one, clips, tmp_path / "work").rows(0, 11)
    assert np.array_equal(found, means_of_frames(clips))
    assert sum(model.counted) == 10 * 3 and max(model.counted) <= max(batch, 3)


def test_clips_that_were_stopped_are_resumed(clips: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(resumable, "SECONDS", 0)
    rest = Colours()
    with (
        pytest.raises(KeyboardInterrupt),
        engine(lambda: Colours(stop_after=2), Runtime("cpu", 1, 6)) as one,
    ):
        encode_clips(one, clips, tmp_path / "work")
    with engine(lambda: rest, Runtime("cpu", 1, 6)) as one:
        found = encode_clips(one, clips, tmp_path / "work").rows(0, 11)
    assert np.array_equal(found, means_of_frames(clips))
    assert sum(rest.counted) == (10 - 4) * 3
