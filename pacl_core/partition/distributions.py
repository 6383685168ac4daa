"""Tables behind the partition's plots: a histogram per value, and the plane of both, counted by block."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pacl_core.partition.scores import Scores

BINS = 50
PLANE_BINS = 40


class Range:
    """The lowest and the highest known value of what was seen."""

    def __init__(self) -> None:
        self._low, self._high = np.inf, -np.inf

    def add(self, values: Scores) -> None:
        """See a block of known values."""
        if len(values):
            self._low = min(self._low, float(values.min()))
            self._high = max(self._high, float(values.max()))

    def edges(self, bins: int) -> NDArray[np.float64]:
        """Edges [bins + 1] as numpy's histograms have them; 0 to 1 where nothing was seen."""
        if self._low > self._high:
            return np.linspace(0, 1, bins + 1)
        return np.histogram_bin_edges(np.array([self._low, self._high]), bins)


class Histogram:
    """Pairs by value, matched ones apart, over given edges."""

    def __init__(self, edges: NDArray[np.float64]) -> None:
        self._edges = edges
        self._matched = np.zeros(len(edges) - 1, np.int64)
        self._unmatched = np.zeros(len(edges) - 1, np.int64)

    def add(self, values: Scores, matched: NDArray[np.bool_]) -> None:
        """Count a block; unknown values are left out."""
        known = ~np.isnan(values)
        self._matched += np.histogram(values[known & matched], self._edges)[0]
        self._unmatched += np.histogram(values[known & ~matched], self._edges)[0]

    def table(self, threshold: float) -> pa.Table:
        """Columns `value` (bin centre), `unmatched`, `matched` (pairs) and `threshold`, one row a bin."""
        return pa.table(
            {
                "value": _centres(self._edges),
                "unmatched": self._unmatched,
                "matched": self._matched,
                "threshold": np.full(len(self._edges) - 1, round(threshold, 6)),
            }
        )


class Plane:
    """Pairs by both values, over given edges."""

    def __init__(self, factual: NDArray[np.float64], emotional: NDArray[np.float64]) -> None:
        self._edges = factual, emotional
        self._counts = np.zeros((len(factual) - 1, len(emotional) - 1), np.int64)

    def add(self, factual: Scores, emotional: Scores) -> None:
        """Count a block; pairs with an unknown value are left out."""
        known = ~(np.isnan(factual) | np.isnan(emotional))
        counted = np.histogram2d(factual[known], emotional[known], self._edges)[0]
        self._counts += counted.astype(np.int64)

    def table(self) -> pa.Table:
        """Columns `factual_value`, `emotional_value` (cell centres) and `pairs`; empty cells left out."""
        rows, columns = np.nonzero(self._counts)
        return pa.table(
            {
                "factual_value": _centres(self._edges[0])[rows],
                "emotional_value": _centres(self._edges[1])[columns],
                "pairs": self._counts[rows, columns],
            }
        )


def _centres(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.round((edges[:-1] + edges[1:]) / 2, 6)
