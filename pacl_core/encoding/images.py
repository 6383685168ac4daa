"""An image model over the images or clips of a table, each distinct one once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pacl_core.encoding.blocks import Block, blocks_of
from pacl_core.encoding.distinct import distinct
from pacl_core.encoding.encoded import Encoded, encoded
from pacl_core.encoding.engine import Engine
from pacl_core.encoding.task import Batch
from pacl_core.errors import UserError
from pacl_core.files.tables import scan_table
from pacl_core.media.images import decode_jpeg
from pacl_core.models.preprocess import Preprocess

READ = 64  # images per read: compressed bytes in memory stay small


class ImageEncoder(Protocol):
    """A model of images, and its preprocessing."""

    @property
    def preprocess(self) -> Preprocess: ...

    def encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """`[B, 3, H, W]` of `preprocess.pixels` -> `[B, dim]`."""
        ...


@dataclass(frozen=True)
class ImageTask:
    """An `EncodingTask`: the images of the column `image`, in the order of the file."""

    def batches(self, model: ImageEncoder, block: Block, skip: int, *, size: int) -> Iterator[Batch]:
        jpegs: list[bytes] = []
        place = skip
        for jpeg in stored_images(block, skip, "image"):
            jpegs.append(jpeg)
            if len(jpegs) == size:
                yield Batch(np.arange(place, place + size), jpegs)
                jpegs, place = [], place + size
        if jpegs:
            yield Batch(np.arange(place, place + len(jpegs)), jpegs)

    def prepare(self, model: ImageEncoder, inputs: Sequence[bytes]) -> NDArray[np.uint8]:
        return np.stack([model.preprocess.pixels(decode_jpeg(jpeg)) for jpeg in inputs])

    def encode(self, model: ImageEncoder, prepared: NDArray[np.uint8]) -> NDArray[np.float32]:
        return model.encode_pixels(prepared)


@dataclass(frozen=True)
class ClipTask:
    """An `EncodingTask`: the column `frames`, T JPEGs a row; a row's vector is the mean of its frames'."""

    frames: int

    def batches(self, model: ImageEncoder, block: Block, skip: int, *, size: int) -> Iterator[Batch]:
        clips = stored_images(block, skip, "frames")
        place = skip
        while several := list(islice(clips, max(1, size // self.frames))):
            yield Batch(np.arange(place, place + len(several)), several)
            place += len(several)

    def prepare(self, model: ImageEncoder, inputs: Sequence[Sequence[bytes]]) -> NDArray[np.uint8]:
        return np.stack([model.preprocess.pixels(decode_jpeg(jpeg)) for clip in inputs for jpeg in clip])

    def encode(self, model: ImageEncoder, prepared: NDArray[np.uint8]) -> NDArray[np.float32]:
        vectors = model.encode_pixels(prepared)
        of_clips = vectors.reshape(-1, self.frames, vectors.shape[1])
        means: NDArray[np.float32] = of_clips.mean(axis=1, dtype=np.float64).astype(np.float32)
        return means


def encode_clips(engine: Engine, table: Path, folder: Path) -> Encoded:
    """As `encode_images`, of a table with `frames`, the same number in each row, and `frames_hash`."""
    folder.mkdir(parents=True, exist_ok=True)
    found = distinct(scan_table(table).select("frames_hash"), folder)
    blocks = blocks_of(table, found.rows)
    frames = len(next(stored_images(blocks[0], 0, "frames")))
    engine.run(ClipTask(frames), blocks, folder, what=folder.name)
    return encoded(folder, blocks, found.index)


def encode_images(engine: Engine, table: Path, folder: Path) -> Encoded:
    """Encode the images of a table with `image` and `pixel_hash`; resumes a killed run."""
    folder.mkdir(parents=True, exist_ok=True)
    found = distinct(scan_table(table).select("pixel_hash"), folder)
    blocks = blocks_of(table, found.rows)
    engine.run(ImageTask(), blocks, folder, what=folder.name)
    return encoded(folder, blocks, found.index)


def stored_images(block: Block, skip: int, column: str) -> Iterator[Any]:
    """A column of JPEGs, or of lists of them, in a block's rows without the first `skip`.

    Row groups without a wanted row are not read.
    """
    file, wanted = block.file, np.asarray(block.rows)[skip:]
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as opened:
            start = 0
            for group in range(opened.num_row_groups):
                count = opened.metadata.row_group(group).num_rows
                low, high = np.searchsorted(wanted, [start, start + count])
                if high > low:
                    yield from _of_group(opened, group, wanted[low:high] - start, column=column)
                start += count
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{file}: unreadable parquet ({reason}); delete it and run 'dvc repro'") from None


def _of_group(opened: pq.ParquetFile, group: int, wanted: NDArray[np.int64], *, column: str) -> Iterator[Any]:
    start = 0
    for part in opened.iter_batches(READ, row_groups=[group], columns=[column]):
        low, high = np.searchsorted(wanted, [start, start + part.num_rows])
        for row in wanted[low:high]:
            yield part[column][int(row) - start].as_py()
        start += part.num_rows
