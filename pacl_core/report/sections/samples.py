"""Sample pairs of each partition (the paper's Figure 3): by a seeded draw, most certain, borderline."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pacl_core.artefacts.json_file import read_json
from pacl_core.partitions import PARTITIONS
from pacl_core.report.pictures import Picture
from pacl_core.report.rows import pairs_of

_COLUMNS = [
    "sample_id",
    "text",
    "anps",
    "factual_score",
    "emotional_score",
    "factual_value",
    "emotional_value",
]
_THUMBNAIL = 224  # pixels of the long side: sharp on a phone, and about 8 kB


def samples(root: Path, count: int, seed: int, picture: Picture) -> dict[str, list[dict[str, Any]]] | None:
    """Partition -> pairs with thumbnails; None where the partition or the pairs are missing."""
    table, pairs = root / "data/partition.parquet", sorted((root / "data/pairs").glob("*.parquet"))
    if not table.is_file() or not pairs:
        return None
    chosen = choose(table, read_json(root / "metrics/partition.json")["thresholds"], count, seed)
    details = pairs_of(root, [row for picks in chosen.values() for row, _ in picks], _COLUMNS)
    return {
        name: [
            details[row] | {"why": why, "picture": picture(details[row]["image"], _THUMBNAIL)}
            for row, why in picks
        ]
        for name, picks in chosen.items()
    }


def choose(
    table: Path, thresholds: dict[str, float | None], count: int, seed: int
) -> dict[str, list[tuple[int, str]]]:
    """Rows of each partition and why: half or more drawn, a quarter most certain, a quarter borderline.

    Certain and borderline are by the distance of a pair's values to the nearer threshold.
    """
    frame = pl.read_parquet(table, columns=["partition", "factual_value", "emotional_value"])
    names = frame["partition"].to_numpy()
    margin = np.full(len(frame), np.inf)
    for score, threshold in thresholds.items():
        if threshold is not None:
            values = frame[f"{score}_value"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
            margin = np.minimum(margin, np.abs(values - threshold))
    return {
        name: _choose_one(np.flatnonzero(names == name), margin, count, np.random.default_rng([seed, index]))
        for index, name in enumerate(PARTITIONS)
    }


def _choose_one(
    rows: NDArray[np.intp], margin: NDArray[np.float64], count: int, generator: np.random.Generator
) -> list[tuple[int, str]]:
    drawn = generator.permutation(rows).tolist()
    by_margin = [
        int(row) for row in rows[np.argsort(margin[rows], kind="stable")] if np.isfinite(margin[row])
    ]
    quarter = count // 4
    borderline = by_margin[:quarter]
    certain = [row for row in by_margin[::-1][:quarter] if row not in borderline]
    rest = [row for row in drawn if row not in borderline and row not in certain]
    rest = rest[: count - len(borderline) - len(certain)]
    return (
        [(row, "drawn") for row in rest]
        + [(row, "most certain") for row in certain]
        + [(row, "borderline") for row in borderline]
    )
