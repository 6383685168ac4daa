"""How many pairs each partition would hold at other thresholds: what the report's sliders show."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pacl_core.files.tables import scan_table
from pacl_core.methods.pacl.partition.matching import partition_places
from pacl_core.methods.pacl.partition.write_partition import Thresholds
from pacl_core.methods.pacl.partitions import PARTITIONS

_STEPS = 40  # at most, about; two are 1, 2 or 5 times a power of ten apart
_BATCH = 1 << 16

Grid = NDArray[np.float32]
Counts = NDArray[np.int64]


def threshold_grid(table: Path, thresholds: Thresholds, mode: str) -> pa.Table:
    """Pairs per partition at each pair of thresholds: this run's own and round ones over the values' range.

    `table` is partition.parquet, read in batches; `thresholds` are those applied.
    Columns `factual_threshold`, `emotional_threshold` (float64) and a count per partition, in ascending
    order. Thresholds apply to transformed values, strictly, in float32, as in `matching`; an unknown value
    is never matched.
    """
    across = _thresholds(table, "factual_value", thresholds.factual)
    up = _thresholds(table, "emotional_value", thresholds.emotional)
    counts = np.zeros((len(across) + 1, len(up) + 1), np.int64)  # [thresholds below f, thresholds below e]
    with pq.ParquetFile(table, page_checksum_verification=True) as file:
        for batch in file.iter_batches(_BATCH, columns=["factual_value", "emotional_value"]):
            below = _passed(batch["factual_value"], across), _passed(batch["emotional_value"], up)
            np.add.at(counts, below, 1)
    cells = _quadrants(counts)
    of_partition = {name: np.zeros((len(across), len(up)), np.int64) for name in PARTITIONS}
    for quadrant, name in _names(mode).items():
        of_partition[name] += cells[quadrant]
    return pa.table(
        {
            "factual_threshold": np.repeat(_written(across), len(up)),
            "emotional_threshold": np.tile(_written(up), len(across)),
            **{name: pairs.ravel() for name, pairs in of_partition.items()},
        }
    )


def round_steps(low: float, high: float, about: int = _STEPS) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten from at or below `low` to at or above `high`."""
    span = high - low
    if not span > 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(span / about))
    step = next(m * power for m in (1, 2, 5, 10) if span / (m * power) <= about)
    digits = max(0, -math.floor(math.log10(step)) + 1)
    return [round(i * step, digits) for i in range(math.floor(low / step), math.ceil(high / step) + 1)]


def _thresholds(table: Path, column: str, own: float) -> Grid:
    """Ascending, without repeats, this run's among them."""
    values = scan_table(table).select(pl.col(column).min().alias("low"), pl.col(column).max().alias("high"))
    low, high = values.collect(engine="streaming").row(0)
    steps = [] if low is None else round_steps(low, high)
    return np.unique(np.array([*steps, own], np.float32))


def _written(thresholds: Grid) -> NDArray[np.float64]:
    """The shortest decimal that is the same float32, as a person would write it."""
    return np.array([float(str(value)) for value in thresholds])


def _passed(values: pa.Array, thresholds: Grid) -> NDArray[np.intp]:
    """How many of the thresholds each value is strictly above; none if it is unknown."""
    known = np.asarray(values.to_numpy(zero_copy_only=False), np.float32)
    passed = np.searchsorted(thresholds, known, side="left")
    return np.where(np.isnan(known), 0, passed)


def _quadrants(counts: Counts) -> dict[tuple[bool, bool], Counts]:
    """(factual match, emotional match) -> number of pairs at each pair of thresholds."""
    above = counts[::-1, ::-1].cumsum(0).cumsum(1)[::-1, ::-1]  # [i, j]: at least i and j were passed
    both = above[1:, 1:]
    factual, emotional = above[1:, :1] - both, above[:1, 1:] - both
    return {
        (True, True): both,
        (True, False): factual,
        (False, True): emotional,
        (False, False): above[0, 0] - both - factual - emotional,
    }


def _names(mode: str) -> dict[tuple[bool, bool], str]:
    """The partition of each quadrant under a mode."""
    quadrants = [(f, e) for f in (True, False) for e in (True, False)]
    factual, emotional = np.array(quadrants).T
    places = partition_places(factual, emotional, mode)
    return {quadrant: PARTITIONS[place] for quadrant, place in zip(quadrants, places, strict=True)}
