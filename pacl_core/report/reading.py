"""Artefacts as the page needs them. One that is not there is None: its section then says so."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pacl_core.artefacts.json_file import read_json


def optional_json(path: Path) -> Any | None:
    return read_json(path) if path.is_file() else None


def optional_columns(path: Path, delimiter: str = ",") -> dict[str, list[float]] | None:
    """Columns of a table of numbers; None too where it has no rows. Rows with a gap are left out."""
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter=delimiter) if all(row.values())]
    return {name: [float(row[name]) for row in rows] for name in rows[0]} if rows else None


def take_rows(files: Sequence[Path], rows: Sequence[int], columns: list[str]) -> dict[int, dict[str, Any]]:
    """The rows of these numbers, counted through all files; only their row groups are read."""
    wanted, start = sorted(rows), 0
    found: dict[int, dict[str, Any]] = {}
    for path in files:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                end = start + file.metadata.row_group(group).num_rows
                here = [row for row in wanted if start <= row < end]
                if here:
                    table = file.read_row_group(group, columns=columns)
                    taken = table.take([row - start for row in here]).to_pylist()
                    found |= dict(zip(here, taken, strict=True))
                start = end
    return found
