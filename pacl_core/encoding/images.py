"""An image model over the images of a table, each distinct one once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

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
        for jpeg in _jpegs(block.file, np.asarray(block.rows)[skip:]):
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


def encode_images(engine: Engine, table: Path, folder: Path) -> Encoded:
    """Encode the images of a table with `image` and `pixel_hash`; resumes a killed run."""
    folder.mkdir(parents=True, exist_ok=True)
    found = distinct(scan_table(table).select("pixel_hash"), folder)
    blocks = blocks_of(table, found.rows)
    engine.run(ImageTask(), blocks, folder, what=folder.name)
    return encoded(folder, blocks, found.index)


def _jpegs(file: Path, wanted: NDArray[np.int64]) -> Iterator[bytes]:
    """The wanted rows, in ascending order; row groups without a wanted row are not read."""
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as opened:
            start = 0
            for group in range(opened.num_row_groups):
                count = opened.metadata.row_group(group).num_rows
                low, high = np.searchsorted(wanted, [start, start + count])
                if high > low:
                    yield from _of_group(opened, group, wanted[low:high] - start)
                start += count
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{file}: unreadable parquet ({reason}); delete it and run 'dvc repro'") from None


def _of_group(opened: pq.ParquetFile, group: int, wanted: NDArray[np.int64]) -> Iterator[bytes]:
    start = 0
    for part in opened.iter_batches(READ, row_groups=[group], columns=["image"]):
        low, high = np.searchsorted(wanted, [start, start + part.num_rows])
        for row in wanted[low:high]:
            yield part["image"][int(row) - start].as_py()
        start += part.num_rows
