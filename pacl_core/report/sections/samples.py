"""Sample pairs of each partition (the paper's Figure 3): drawn at random, most certain, borderline."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacl_core.files.json_csv import read_json
from pacl_core.files.tables import Table, batches
from pacl_core.methods.pacl.partitions import PARTITIONS
from pacl_core.report.images import Thumbnail
from pacl_core.report.reading import Artefacts, pairs_of

_COLUMNS = [
    "sample_id",
    "text",
    "anps",
    "factual_score",
    "emotional_score",
    "factual_value",
    "emotional_value",
]
_BATCH = 16_384
_THUMBNAIL = 224  # pixels of the long side: sharp on a phone, and about 8 kB


def samples(
    artefacts: Artefacts, count: int, seed: int, *, image: Thumbnail
) -> dict[str, list[dict[str, Any]]] | None:
    """Partition -> pairs with thumbnails; None where the partition or the pairs are missing."""
    if not artefacts.partition.is_file() or not artefacts.pairs.is_dir():
        return None
    thresholds = read_json(artefacts.metrics / "partition.json")["thresholds"]
    chosen = choose(artefacts.partition, thresholds, count, seed=seed)
    details = pairs_of(artefacts, [row for picks in chosen.values() for row, _ in picks], _COLUMNS)
    return {
        name: [
            details[row] | {"row": row, "why": why, "image": image(details[row]["image"], _THUMBNAIL)}
            for row, why in picks
        ]
        for name, picks in chosen.items()
    }


def choose(
    table: Path, thresholds: dict[str, float | None], count: int, *, seed: int
) -> dict[str, list[tuple[int, str]]]:
    """Rows of each partition and why: half or more at random, a quarter most certain, a quarter borderline.

    Certain and borderline follow from the distance of a pair's values to the nearer threshold. Memory holds
    one batch of the table.
    """
    found = {name: _Candidates(count, np.random.default_rng([seed, n])) for n, name in enumerate(PARTITIONS)}
    start = 0
    for batch in batches(Table(table, ("partition", "factual_value", "emotional_value")), _BATCH):
        margins = np.full(batch.num_rows, np.inf)
        for score, threshold in thresholds.items():
            if threshold is not None:
                values = batch[f"{score}_value"].to_numpy(zero_copy_only=False).astype(np.float64)
                margins = np.minimum(margins, np.abs(values - threshold))
        names = batch["partition"].to_numpy(zero_copy_only=False)
        for name, candidates in found.items():
            here = np.flatnonzero(names == name)
            candidates.see(here + start, margins[here])
        start += batch.num_rows
    return {name: candidates.chosen() for name, candidates in found.items()}


class _Candidates:
    """The candidate rows of one partition to show: a few, however many rows were seen."""

    def __init__(self, count: int, generator: np.random.Generator) -> None:
        self._count, self._generator = count, generator
        # keys and rows, least first; the rows with the least random keys are a uniform sample
        self._drawn, self._near, self._far = (np.empty((0, 2)) for _ in range(3))

    def see(self, rows: NDArray[np.intp], margins: NDArray[np.float64]) -> None:
        """Rows in ascending order, and their distances to a threshold, not finite where unknown."""
        known = np.isfinite(margins)
        quarter = self._count // 4
        # twice as many, since the other two kinds may take some
        self._drawn = _least(2 * self._count, self._drawn, self._generator.random(len(rows)), rows=rows)
        self._near = _least(quarter, self._near, margins[known], rows=rows[known])
        self._far = _least(quarter, self._far, -margins[known], rows=-rows[known])

    def chosen(self) -> list[tuple[int, str]]:
        """Rows and why: random, most certain, borderline."""
        borderline = [int(row) for row in self._near[:, 1]]
        certain = [int(row) for row in -self._far[:, 1] if row not in borderline]
        rest = [int(row) for row in self._drawn[:, 1] if row not in borderline and row not in certain]
        rest = rest[: self._count - len(borderline) - len(certain)]
        reasons = (("random", rest), ("most certain", certain), ("borderline", borderline))
        return [(row, why) for why, picked in reasons for row in picked]


def _least(
    count: int, kept: NDArray[np.float64], keys: NDArray[np.float64], *, rows: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Of the kept rows [n, 2] and the new ones, the `count` with the least keys; of equal keys, the least
    rows."""
    both = np.concatenate([kept, np.column_stack([keys, rows])])
    return both[np.lexsort((both[:, 1], both[:, 0]))[:count]]
