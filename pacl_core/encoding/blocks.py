"""Blocks: the pieces in which a table is encoded. A batch never crosses a block, on any engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pacl_core.files.tables import part_files

RowIds: TypeAlias = NDArray[np.int64] | range


@dataclass(frozen=True)
class Block:
    """Inputs in one file: `rows` [R], ascending, counted from the file's first. `number` is from 0.

    `file` is absolute, so that another process finds it too.
    """

    number: int
    file: Path
    rows: RowIds

    def __len__(self) -> int:
        return len(self.rows)


def file_starts(table: Path) -> list[int]:
    """Row of the table at which each of its files begins, and the number of rows as the last."""
    starts = [0]
    for file in part_files(table):
        starts.append(starts[-1] + int(pq.read_metadata(file).num_rows))
    return starts


def blocks_of(table: Path, rows: NDArray[np.int64], cuts: Sequence[int] = ()) -> list[Block]:
    """Blocks of the wanted `rows` of a table, ascending: one per file, cut further at the rows `cuts`."""
    files, starts = part_files(table), file_starts(table)
    bounds = sorted({*starts, *(cut for cut in cuts if cut < starts[-1])})
    blocks: list[Block] = []
    file = 0
    for low, high in pairwise(bounds):
        while starts[file + 1] <= low:
            file += 1
        first, last = np.searchsorted(rows, [low, high])
        if last > first:
            own = rows[first:last] - starts[file]
            blocks.append(Block(len(blocks), files[file].absolute(), own))
    return blocks


def spans(file: Path, cuts: Sequence[int]) -> list[Block]:
    """Blocks of all rows of one file, cut at the ascending rows `cuts`, which begin with 0."""
    return [
        Block(number, file.absolute(), range(low, high))
        for number, (low, high) in enumerate((low, high) for low, high in pairwise(cuts) if high > low)
    ]
