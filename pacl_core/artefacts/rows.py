"""Single rows of large tables."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq


def take_rows(files: Sequence[Path], rows: Iterable[int], columns: list[str]) -> dict[int, dict[str, Any]]:
    """The rows of these numbers, counted through all files; only their row groups are read."""
    wanted, start = sorted(set(rows)), 0
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
