"""A detector over the frames of a table of clips."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pacl_core.encoding.blocks import Block, blocks_of
from pacl_core.encoding.encoded import Encoded, encoded
from pacl_core.encoding.engine import Engine
from pacl_core.encoding.task import Batch
from pacl_core.files.tables import Table, batches, row_count, unreadable
from pacl_core.media.images import decode_jpeg

_USUAL = 16  # frames of a clip: so many inputs of another model are one of this
_READ = 8  # clips per read


class Detector(Protocol):
    """A model of pictures of any size."""

    def detect(self, frames: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Frames `[H, W, 3]` RGB -> `[B, K, D]`, rows that are not used NaN."""
        ...


@dataclass(frozen=True)
class FrameTask:
    """An `EncodingTask`: the frames of each clip; a clip with fewer than `frames` is filled up with NaN."""

    frames: int

    def batches(self, model: Detector, block: Block, skip: int, *, size: int) -> Iterator[Batch]:
        count = max(1, size // _USUAL)
        held: list[list[bytes]] = []
        place = skip
        for frames in _frames(block, skip):
            held.append(frames)
            if len(held) == count:
                yield Batch(np.arange(place, place + count), held)
                held, place = [], place + count
        if held:
            yield Batch(np.arange(place, place + len(held)), held)

    def prepare(self, model: Detector, inputs: Sequence[list[bytes]]) -> list[list[NDArray[np.uint8]]]:
        return [[np.asarray(decode_jpeg(jpeg)) for jpeg in frames] for frames in inputs]

    def encode(self, model: Detector, prepared: list[list[NDArray[np.uint8]]]) -> NDArray[np.float32]:
        """`[B, frames, K, D]`."""
        found = [model.detect(frames) for frames in prepared]
        rows = np.full((len(found), self.frames, *found[0].shape[1:]), np.nan, np.float32)
        for place, one in enumerate(found):
            rows[place, : len(one)] = one
        return rows


def encode_frames(engine: Engine, table: Path, folder: Path) -> Encoded:
    """What a detector finds in each clip's frames, `[clips, most frames, K, D]`; resumes a killed run."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = row_count(table)
    blocks = blocks_of(table, np.arange(rows))
    engine.run(FrameTask(_most_frames(table)), blocks, folder, what=folder.name)
    return encoded(folder, blocks, range(rows))


def _most_frames(table: Path) -> int:
    most = 1
    for batch in batches(Table(table, ("times",)), 65_536):
        most = max(most, pc.max(pc.list_value_length(batch["times"])).as_py())
    return most


def _frames(block: Block, skip: int) -> Iterator[list[bytes]]:
    """The frames of the clips of a block, which are all rows from its first to its last."""
    first, last = int(block.rows[0]) + skip, int(block.rows[-1])
    try:
        with pq.ParquetFile(block.file, page_checksum_verification=True) as opened:
            start = 0
            for group in range(opened.num_row_groups):
                count = opened.metadata.row_group(group).num_rows
                if start + count > first and start <= last:
                    for part in opened.iter_batches(_READ, row_groups=[group], columns=["frames"]):
                        low, high = max(first - start, 0), min(last + 1 - start, part.num_rows)
                        yield from part["frames"][low : max(low, high)].to_pylist()
                        start += part.num_rows
                else:
                    start += count
    except (pa.ArrowException, OSError) as error:
        raise unreadable(block.file, error) from None
