"""The nearest centre of each vector, by one product of matrices."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacl_core.errors import UserError


def lengths(block: NDArray[np.float32], what: str) -> NDArray[np.float32]:
    """Euclidean length [B] of each row of [B, D]. Raises `UserError` where a vector is not finite."""
    found: NDArray[np.float32] = np.sqrt(np.einsum("bd,bd->b", block, block))
    if not np.isfinite(found).all():
        raise UserError(f"{what}: a vector is not finite; run the embedding stage again")
    return found


def assign(
    block: NDArray[Any], centres: NDArray[np.float32], normalise: bool, what: str
) -> tuple[NDArray[np.int32], float]:
    """Labels [B] of rows [B, D] by the nearest of the centres [K, D], and the sum of squared distances.

    `normalise`: each row is taken at length 1, without a copy of it. Of centres equally near, the first.
    Raises `UserError` where a vector is not finite; `what` names the embeddings in it.
    """
    rows = np.asarray(block, np.float32)
    length = lengths(rows, what)
    dots = rows @ centres.T
    if normalise:
        scale = np.where(length > 0, length, np.float32(1))
        dots /= scale[:, None]
        length /= scale
    # |x - c|^2 = |x|^2 - 2 (x.c - |c|^2 / 2): the nearest centre has the largest of the bracket
    closeness = dots - np.einsum("kd,kd->k", centres, centres) / 2
    labels = closeness.argmax(1).astype(np.int32)
    nearest = np.take_along_axis(closeness, labels[:, None], 1)[:, 0].astype(np.float64)
    squared = np.maximum(length.astype(np.float64) ** 2 - 2 * nearest, 0)
    return labels, float(squared.sum())
