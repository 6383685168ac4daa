"""What a pass leaves: one vector per distinct input, and which row of the corpus has which."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pacl_core.artefacts.npy_file import release


@dataclass(frozen=True)
class Encoded:
    """`vectors` [U, D] float32 on disk; `index` [N]: row of the corpus -> row of `vectors`."""

    vectors: NDArray[np.float32]
    index: NDArray[np.int64]

    def block(self, start: int, stop: int) -> NDArray[np.float32]:
        """Vectors of the corpus' rows `start` to `stop`, [stop - start, D]."""
        picked: NDArray[np.float32] = self.vectors[self.index[start:stop]]
        release(self.vectors)
        release(self.index)
        return picked
