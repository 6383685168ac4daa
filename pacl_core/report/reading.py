"""Artefacts as the page needs them. One that is not there is None: its section then says so."""

import csv
from pathlib import Path
from typing import Any

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
