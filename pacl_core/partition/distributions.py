"""Tables behind the partition's plots: a histogram per value, and the plane of both."""

import numpy as np
import pyarrow as pa

from pacl_core.partition.matching import Matching

BINS = 50
PLANE_BINS = 40


def histogram(matching: Matching) -> pa.Table:
    """Columns `value` (bin centre), `unmatched`, `matched` (pairs) and `threshold`, one row a bin."""
    known = ~np.isnan(matching.values)
    values, matched = matching.values[known], matching.matched[known]
    edges = np.histogram_bin_edges(values, BINS) if len(values) else np.linspace(0, 1, BINS + 1)
    return pa.table(
        {
            "value": _round((edges[:-1] + edges[1:]) / 2),
            "unmatched": np.histogram(values[~matched], edges)[0],
            "matched": np.histogram(values[matched], edges)[0],
            "threshold": np.full(len(edges) - 1, round(matching.threshold, 6)),
        }
    )


def plane(factual: Matching, emotional: Matching) -> pa.Table:
    """Columns `factual_value`, `emotional_value` (cell centres) and `pairs`; empty cells left out."""
    known = ~(np.isnan(factual.values) | np.isnan(emotional.values))
    counts, x, y = np.histogram2d(factual.values[known], emotional.values[known], PLANE_BINS)
    rows, columns = np.nonzero(counts)
    return pa.table(
        {
            "factual_value": _round(((x[:-1] + x[1:]) / 2)[rows]),
            "emotional_value": _round(((y[:-1] + y[1:]) / 2)[columns]),
            "pairs": counts[rows, columns].astype(np.int64),
        }
    )


def _round(
    values: "np.ndarray[tuple[int], np.dtype[np.float64]]",
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.round(values, 6)
