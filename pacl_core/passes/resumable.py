"""An [N, D] array that fills from the top, lies on disk, and knows after a kill how far it came."""

from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pacl_core.artefacts.json_file import read_json, write_json
from pacl_core.artefacts.npy_file import allocate, release


class ResumableRows:
    """float32 rows in `<folder>/rows.npy`; `done` counts those that survived."""

    def __init__(self, folder: Path, rows: int, dim: int) -> None:
        self._path, self._count = folder / "rows.npy", folder / "done.json"
        folder.mkdir(parents=True, exist_ok=True)
        self.done = 0
        if self._count.exists() and self._path.exists():
            self.done = int(read_json(self._count))
            self.array: NDArray[np.float32] = np.lib.format.open_memmap(self._path, mode="r+")
            if self.array.shape == (rows, dim):
                return
            self.done = 0
        self.array = allocate(self._path, (rows, dim))

    def append(self, block: NDArray[np.float32]) -> Self:
        """Write the next rows, and only then count them."""
        self.array[self.done : self.done + len(block)] = block
        flush = getattr(self.array, "flush", None)
        if flush is not None:
            flush()
        release(self.array)
        self.done += len(block)
        write_json(self._count, self.done)
        return self
