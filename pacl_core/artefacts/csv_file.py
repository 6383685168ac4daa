"""CSV artefacts: the form in which DVC draws plots, and tables of text."""

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv

from pacl_core.artefacts.publish import published_file


def write_csv(path: Path, table: pa.Table) -> None:
    """Publish a table as CSV with a header."""
    with published_file(path) as draft:
        pcsv.write_csv(table, draft)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV with a header, every value as its text."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
