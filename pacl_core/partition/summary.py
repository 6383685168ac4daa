"""What a partition table holds, counted by block: pairs by partition and match, and the plots' tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pacl_core.artefacts.aligned import Table, batches
from pacl_core.partition.distributions import BINS, PLANE_BINS, Histogram, Plane, Range
from pacl_core.partition.scores import BLOCK, Scores
from pacl_core.partition.write import Thresholds
from pacl_core.partitions import PARTITIONS

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
