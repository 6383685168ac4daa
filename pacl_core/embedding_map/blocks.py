"""Embeddings as the pseudo-labels saw them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 8192

Rows = NDArray[np.float64]


def prepared(vectors: NDArray[Any], normalise: bool) -> Rows:
    """Rows [N, D] as float64, of unit length where `normalise`; a row of zeros stays one."""
    rows = np.asarray(vectors, np.float64)
    if not normalise:
        return rows
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    ready: Rows = rows / np.where(norms > 0, norms, 1)
    return ready


def blocks(vectors: NDArray[Any], normalise: bool) -> Iterator[tuple[int, Rows]]:
    """All rows in pieces, each with the number of its first row."""
    for start in range(0, len(vectors), BLOCK):
        yield start, prepared(vectors[start : start + BLOCK], normalise)
