"""JSON artefacts: metrics, indices, descriptions. Sorted keys, so that a diff shows what changed."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pcsv

from pacl_core.files.publish import published_file


def write_json(path: Path, value: object) -> None:
    """Publish `value`; a NaN or infinity is refused (ValueError), as JSON has none."""
    with published_file(path) as draft:
        text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        draft.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Parse a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_csv(path: Path, table: pa.Table) -> None:
    """Publish a table as CSV with a header."""
    with published_file(path) as draft:
        pcsv.write_csv(table, draft)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV with a header, every value as its text."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def result_name(dataset: str, protocol: str, task: str, *, metric: str) -> str:
    """File name, without suffix, of one metric in metrics/results: `fi-linear-emotion-accuracy`."""
    slug = re.sub(r"\W+", "_", task).strip("_")
    return f"{dataset}-{protocol}-{slug}-{metric}"
