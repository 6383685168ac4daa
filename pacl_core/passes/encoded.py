"""What a pass leaves: one row per distinct input, block by block, and which row of the corpus has which."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacl_core.artefacts.npy_file import release
from pacl_core.passes.blocks import Block
from pacl_core.passes.resumable import block_file


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
        """What the corpus' rows `start` to `stop` have, [stop - start, D]; only these are in memory."""
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
    """The finished blocks of a pass in `folder`."""
    starts = np.cumsum([0, *(len(block) for block in blocks)])
    return Encoded(tuple(block_file(folder, block.number) for block in blocks), starts, index)


def _mapped(file: Path) -> NDArray[Any]:
    rows: NDArray[Any] = np.load(file, mmap_mode="r", allow_pickle=False)
    return rows
