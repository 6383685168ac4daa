"""A summary of a partition table, counted by block: pairs by partition and match, and the plots' tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pacl_core.files.tables import Table, batches
from pacl_core.methods.pacl.partition.scores import BLOCK, Scores
from pacl_core.methods.pacl.partition.write_partition import Thresholds
from pacl_core.methods.pacl.partitions import PARTITIONS

_COLUMNS = ("factual_value", "emotional_value", "factual_matched", "emotional_matched", "partition")


@dataclass(frozen=True)
class Summary:
    """`pairs` by partition, those `matched` by each score, and the tables of the three plots."""

    pairs: dict[str, int]
    matched: dict[str, int]
    factual_histogram: pa.Table
    emotional_histogram: pa.Table
    plane: pa.Table


def summarise(table: Path, thresholds: Thresholds) -> Summary:
    """Read a partition table twice, for the ranges of its values and for the counts."""
    alone = Range(), Range()
    together = Range(), Range()
    for values, _, _ in _blocks(table):
        known = ~(np.isnan(values[0]) | np.isnan(values[1]))
        for one, own, shared in zip(values, alone, together, strict=True):
            own.add(one[~np.isnan(one)])
            shared.add(one[known])
    histograms = [Histogram(one.edges(BINS)) for one in alone]
    plane = Plane(together[0].edges(PLANE_BINS), together[1].edges(PLANE_BINS))
    pairs, matched = dict.fromkeys(PARTITIONS, 0), np.zeros(2, np.int64)
    for values, matches, partitions in _blocks(table):
        for place, (one, match) in enumerate(zip(values, matches, strict=True)):
            histograms[place].add(one, match)
            matched[place] += int(match.sum())
        plane.add(*values)
        for counted in pc.value_counts(partitions).to_pylist():
            pairs[counted["values"]] += counted["counts"]
    return Summary(
        pairs,
        {"factual": int(matched[0]), "emotional": int(matched[1])},
        histograms[0].table(thresholds.factual),
        histograms[1].table(thresholds.emotional),
        plane.table(),
    )


def _blocks(
    table: Path,
) -> Iterator[tuple[tuple[Scores, Scores], tuple[NDArray[np.bool_], NDArray[np.bool_]], pa.Array]]:
    """Factual and emotional values (NaN where unknown), their matches, the partitions."""
    for batch in batches(Table(table, _COLUMNS), BLOCK):
        columns = [batch[name].to_numpy(zero_copy_only=False) for name in _COLUMNS[:4]]
        values = np.asarray(columns[0], np.float32), np.asarray(columns[1], np.float32)
        yield values, (columns[2], columns[3]), batch["partition"]


BINS = 50
PLANE_BINS = 40


class Range:
    """The lowest and the highest known value seen."""

    def __init__(self) -> None:
        self._low, self._high = np.inf, -np.inf

    def add(self, values: Scores) -> None:
        """Add a block of known values."""
        if len(values):
            self._low = min(self._low, float(values.min()))
            self._high = max(self._high, float(values.max()))

    def edges(self, bins: int) -> NDArray[np.float64]:
        """Edges [bins + 1] as in numpy's histograms; 0 to 1 where nothing was seen."""
        if self._low > self._high:
            return np.linspace(0, 1, bins + 1)
        return np.histogram_bin_edges(np.array([self._low, self._high]), bins)


class Histogram:
    """Counts of matched and unmatched pairs by value, over given edges."""

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
    """Counts of pairs by both values, over given edges."""

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
