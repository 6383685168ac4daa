"""What encoding writes: one row per distinct input, block by block, and which row each corpus row has."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacl_core.encoding.blocks import Block
from pacl_core.files.json_csv import read_json, write_json
from pacl_core.files.npy_file import allocate, release


@dataclass(frozen=True)
class Encoded:
    """`files`: one .npy a block; `starts` [F + 1]: their first rows; `index` [N]: corpus row -> row."""

    files: tuple[Path, ...]
    starts: NDArray[np.int64]
    index: NDArray[np.int64] | range

    @property
    def dim(self) -> int:
        """D: the length of a row."""
        return int(_mapped(self.files[0]).shape[1])

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """The vectors of the corpus' rows `start` to `stop`, [stop - start, D]; only these are in memory."""
        wanted = np.asarray(self.index[start:stop])
        numbers = np.searchsorted(self.starts, wanted, side="right") - 1
        taken: NDArray[Any] | None = None
        for number in np.unique(numbers):
            rows, here = _mapped(self.files[number]), numbers == number
            if taken is None:
                taken = np.empty((len(wanted), *rows.shape[1:]), rows.dtype)
            taken[here] = rows[wanted[here] - self.starts[number]]
        if not isinstance(self.index, range):
            release(self.index)
        assert taken is not None
        return taken


def encoded(folder: Path, blocks: Sequence[Block], index: NDArray[np.int64] | range) -> Encoded:
    """The finished blocks in `folder`."""
    starts = np.cumsum([0, *(len(block) for block in blocks)])
    return Encoded(tuple(block_file(folder, block.number) for block in blocks), starts, index)


def _mapped(file: Path) -> NDArray[Any]:
    rows: NDArray[Any] = np.load(file, mmap_mode="r", allow_pickle=False)
    return rows


SECONDS = 0.5  # between two notes of progress: each waits for the disk


def block_file(folder: Path, number: int) -> Path:
    """Path of a finished block."""
    return folder / f"{number:06}.npy"


class ResumableBlock:
    """Rows in `<folder>/<number>/rows.npy`; `done` counts the inputs, in batch order, that survived."""

    def __init__(self, folder: Path, number: int, rows: int) -> None:
        self.done = 0
        self._rows, self._finished = rows, block_file(folder, number)
        self._folder = self._finished.with_suffix("")
        self._path, self._count = self._folder / "rows.npy", self._folder / "done.json"
        self._array: Any = None
        self._noted = time.monotonic()
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._count.exists():
            self._continue()

    def add(self, places: NDArray[np.int64], rows: NDArray[Any]) -> None:
        """Take the next batch, at its places [B]; the last batch finishes the block."""
        if self._array is None:
            self._array = allocate(self._path, (self._rows, *rows.shape[1:]), rows.dtype)
        self._array[places] = rows
        self.done += len(rows)
        if self.done == self._rows:
            self._array.flush()
            self._array = None
            self._path.replace(self._finished)
            shutil.rmtree(self._folder)
        elif time.monotonic() - self._noted > SECONDS:
            self.note()

    def note(self) -> None:
        """Make the finished rows survive a power cut: the rows are synced first, then their number."""
        if self._array is not None:
            self._array.flush()
            release(self._array)
            write_json(self._count, self.done)
        self._noted = time.monotonic()

    def _continue(self) -> None:
        """Resume after the rows on disk; a file damaged by a full disk or a power cut is started again."""
        try:
            done = int(read_json(self._count))
            array = np.lib.format.open_memmap(self._path, mode="r+")
        except (ValueError, OSError, TypeError):
            return
        if len(array) == self._rows and 0 <= done < self._rows:
            self.done, self._array = done, array
