"""Pairs by their ids: where they stand, what they say, what they show."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from pacl_core.artefacts.rows import take_rows
from pacl_core.artefacts.tables import scan_table
from pacl_core.errors import UserError

Pairs = dict[int, dict[str, Any]]


def rows_of(table: Path, sample_ids: Iterable[str]) -> dict[str, int]:
    """The row number of each id in partition.parquet; one that is not there is left out. Streamed."""
    wanted = pl.Series(sorted(set(sample_ids)), dtype=pl.String)
    found = (
        scan_table(table)
        .select("sample_id")
        .with_row_index("row")
        .filter(pl.col("sample_id").is_in(wanted.implode()))
        .collect(engine="streaming")
    )
    return {sample_id: int(row) for row, sample_id in found.iter_rows()}


def pairs_of(root: Path, rows: Iterable[int], columns: list[str]) -> Pairs:
    """Columns of partition.parquet and the `image` of these rows.

    Raises `UserError` where the partition is not of the stored pairs.
    """
    table, rows = root / "data/partition.parquet", list(rows)
    details = take_rows([table], rows, columns)
    pictures = take_rows(sorted((root / "data/pairs").glob("*.parquet")), rows, ["sample_id", "image"])
    for row in rows:
        if row not in pictures or pictures[row]["sample_id"] != details[row]["sample_id"]:
            raise UserError(f"{table}: not of these pairs; run 'dvc repro partition'")
    return {row: details[row] | {"image": pictures[row]["image"]} for row in rows}
