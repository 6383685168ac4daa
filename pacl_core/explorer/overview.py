"""A partition table in numbers and a few rows; read column by column, so that ten million rows fit."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json
from pacl_core.files.tables import take_rows
from pacl_core.methods.pacl.partitions import PARTITIONS

LEVELS = {"min": 0.0, "5%": 0.05, "25%": 0.25, "median": 0.5, "75%": 0.75, "95%": 0.95, "max": 1.0}
SCORES = ("factual_score", "factual_value", "emotional_score", "emotional_value")
SHOWN = ("sample_id", "text", "anps", *SCORES)


def overview(table: Path, samples: int, seed: int) -> dict[str, Any]:
    """Counts, shares, quantiles and `samples` pairs of each partition, the same for the same `seed`.

    Memory: one number per row, for one column at a time. Raises `UserError` where `table` is missing or is
    not a partition table.
    """
    rows = _scan(table)
    names = rows.select(pl.col("partition").cast(pl.Enum(PARTITIONS))).collect(engine="streaming")[
        "partition"
    ]
    pairs = len(names)
    if not pairs:
        raise UserError(f"{table}: has no rows")
    counted = dict(names.value_counts().iter_rows())
    shares = {name: counted.get(name, 0) / pairs for name in PARTITIONS}
    shares["partial"] = shares["partial_emotional"] + shares["partial_factual"]
    scores = {column: _quantiles(rows, column) for column in SCORES}
    return {
        "pairs": pairs,
        "counts": {name: counted.get(name, 0) for name in PARTITIONS},
        "shares": shares,
        "published_shares": _published(table),
        "quantiles": {column: quantiles for column, (quantiles, _) in scores.items()},
        "missing": {column: missing for column, (_, missing) in scores.items()},
        "samples": _samples(table, names, samples, seed=seed) if samples else {},
    }


def _published(table: Path) -> dict[str, float] | None:
    """The paper's shares where the project's metrics have them: they are of the paper's corpus alone."""
    metrics = table.resolve().parent.parent / "metrics/partition.json"
    found = read_json(metrics) if metrics.is_file() else {}
    return found.get("published_shares")


def _quantiles(rows: pl.LazyFrame, column: str) -> tuple[dict[str, float | None], int]:
    """Quantiles of a column by label, None where it is empty, and how many rows have no value."""
    values = rows.select(column).collect(engine="streaming")[column]
    missing = values.null_count()
    if missing == len(values):
        return dict.fromkeys(LEVELS), missing
    known = values.drop_nulls().to_numpy()
    found = np.quantile(known, list(LEVELS.values())).tolist()  # all at once: one pass
    return dict(zip(LEVELS, found, strict=True)), missing


def _scan(table: Path) -> pl.LazyFrame:
    try:
        rows = pl.scan_parquet(table)
        columns = rows.collect_schema().names()
    except FileNotFoundError:
        raise UserError(f"{table}: missing; run 'dvc repro partition'") from None
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"{table}: unreadable parquet ({str(error).splitlines()[0]})") from None
    if lacking := {*SHOWN, "partition"} - set(columns):
        raise UserError(f"{table}: not a partition table, it lacks {', '.join(sorted(lacking))}")
    # NaN is treated as missing, like null
    return rows.with_columns(pl.col(column).fill_nan(None) for column in SCORES)


def _samples(table: Path, names: pl.Series, samples: int, *, seed: int) -> dict[str, list[dict[str, Any]]]:
    """A few rows of each partition; one that is empty is left out."""
    generator = np.random.default_rng(seed)
    chosen = {}
    for name in PARTITIONS:
        own = np.flatnonzero((names == name).to_numpy())
        if len(own):
            chosen[name] = np.sort(generator.choice(own, min(samples, len(own)), replace=False)).tolist()
    taken = take_rows([table], [row for rows in chosen.values() for row in rows], list(SHOWN))
    return {name: [_without_nan(taken[row]) for row in rows] for name, rows in chosen.items()}


def _without_nan(row: dict[str, Any]) -> dict[str, Any]:
    return {name: None if value != value else value for name, value in row.items()}
