"""Rejected inputs on disk: what, why, and how many of each kind."""

from collections import Counter
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from pacl_core.corpus.posts import Rejected
from pacl_core.corpus.text import valid_name

REJECTED_SCHEMA = pa.schema([(name, pa.string()) for name in ("source", "reason", "detail")])
_ROWS = 4096


class Rejects:
    """Rows for an open parquet writer of `REJECTED_SCHEMA`, with counts per reason."""

    def __init__(self, writer: pq.ParquetWriter) -> None:
        self.reasons: Counter[str] = Counter()
        self._writer = writer
        self._rows: list[Rejected] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._flush()

    def add(self, rejected: Rejected) -> None:
        self.reasons[rejected.reason] += 1
        self._rows.append(rejected)
        if len(self._rows) >= _ROWS:
            self._flush()

    def _flush(self) -> None:
        rows = [
            {"source": valid_name(row.source), "reason": row.reason, "detail": valid_name(row.detail)}
            for row in self._rows
        ]
        self._writer.write_table(pa.Table.from_pylist(rows, schema=REJECTED_SCHEMA))
        self._rows.clear()
