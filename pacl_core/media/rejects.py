"""Inputs that cannot be used: what, why, and how many of each kind."""

from collections import Counter
from dataclasses import dataclass
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

REJECTED_SCHEMA = pa.schema([(name, pa.string()) for name in ("source", "reason", "detail")])
_ROWS = 4096


@dataclass(frozen=True)
class Rejected:
    """An input that is not a pair: where it is, a short code, and details."""

    source: str
    reason: str
    detail: str


class UnusableError(Exception):
    """An image or text that cannot become half of a pair."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def rejected(self, source: str) -> Rejected:
        return Rejected(source, self.reason, self.detail)


def valid_name(name: str) -> str:
    """A key, path or message that can be stored: NUL and lone surrogates (which Python makes of file names
    that are not UTF-8) are spelt out.
    """
    return name.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


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
