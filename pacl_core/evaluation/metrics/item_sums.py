"""Sums over items on many resamples at once.

All metrics are computed from a few sums over the items taken. `rows` [G, N] names which items each sum is
over and how much each adds; the matrix is sparse because an item belongs to few of them. Letters: G sums, N
items, R resamples, C classes.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[Any]
Resampler = Callable[[Array], dict[str, Array]]


def membership(group: Array, groups: int, weight: Array | None = None) -> csr_array:
    """Rows [groups, N]: item n adds `weight[n]` (else 1) to the sum of group `group[n]`."""
    items = len(group)
    adds = np.ones(items) if weight is None else weight
    rows = csr_array((adds, (group, np.arange(items))), shape=(groups, items))
    rows.eliminate_zeros()
    return rows


def item_sums(rows: csr_array, counts: Array) -> Array:
    """[G, R]: every sum on every resample. `counts` [R, N] is copied unless it is a transposed view."""
    sums: Array = rows @ np.ascontiguousarray(counts.T, np.float64)
    return sums


def ratio(numerator: Array, denominator: Array, undefined: float = np.nan) -> Array:
    """Element-wise, `undefined` where the denominator is 0."""
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    quotient: Array = np.divide(
        numerator, denominator, out=np.full(numerator.shape, undefined), where=denominator != 0
    )
    return quotient
