"""Rows of a manifest, one at a time: CSV, TSV, JSON lines or parquet, by suffix."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from pacl_core.errors import UserError, unknown
from pacl_core.media.rejects import Rejected, UnusableError
from pacl_core.media.text_decoding import open_text

Row = dict[str, Any]
MAX_FIELD = 1 << 20
_LONGEST_LINE = 16 << 20
_PARQUET_ROWS = 1024


def read_rows(path: Path, columns: list[str]) -> Iterator[tuple[int, Row | Rejected]]:
    """(row number from 1, the values of `columns`), or why the row has none.

    Raises `UserError`: unknown suffix, unreadable file, a column that is not there (naming those that are).
    """
    suffix = path.suffix.lower()
    if suffix not in _FORMS:
        raise UserError(f"{path}: {unknown('manifest suffix', suffix, _FORMS)}")
    return _FORMS[suffix](path, columns)


def _check(path: Path, columns: list[str], present: Iterable[str]) -> None:
    there = [str(name) for name in present]
    for column in columns:
        if column not in there:
            missing = " ".join(str(unknown("column", column, there)).split())  # a name may hold line ends
            raise UserError(f"{path}: {missing} (columns: {', '.join(map(repr, there))})")


def _delimited(delimiter: str) -> Callable[[Path, list[str]], Iterator[tuple[int, Row | Rejected]]]:
    def rows(path: Path, columns: list[str]) -> Iterator[tuple[int, Row | Rejected]]:
        csv.field_size_limit(MAX_FIELD)
        # newline="": the csv module itself takes \n, \r\n and a lone \r as the end of a line
        with open_text(path, newline="") as stream:
            lines = csv.reader(_bounded(stream), delimiter=delimiter)
            header = next(lines, None)
            if header is None:
                raise UserError(f"{path}: empty; a manifest starts with its column names")
            _check(path, columns, header)
            places = {column: header.index(column) for column in columns}
            for number, fields in enumerate(_without_blank_lines(lines), start=1):
                source = f"{path.name}:{lines.line_num}"
                if isinstance(fields, csv.Error):
                    yield number, Rejected(source, "malformed_row", str(fields))
                elif len(fields) != len(header):
                    detail = f"{len(fields)} fields for {len(header)} columns"
                    yield number, Rejected(source, "malformed_row", detail)
                else:
                    yield number, {column: fields[place] for column, place in places.items()}

    return rows


def _bounded(stream: TextIO) -> Iterator[str]:
    """Lines; one that never ends comes in pieces, which are not rows."""
    while line := stream.readline(_LONGEST_LINE):
        yield line


def _without_blank_lines(lines: Iterator[list[str]]) -> Iterator[list[str] | csv.Error]:
    while True:
        try:
            fields = next(lines)
        except StopIteration:
            return
        except csv.Error as error:  # the reader continues at the next line
            yield error
            continue
        if fields:
            yield fields


def _json_lines(path: Path, columns: list[str]) -> Iterator[tuple[int, Row | Rejected]]:
    checked = False
    with open_text(path) as stream:
        for number, line in enumerate((line for line in _bounded(stream) if line.strip()), start=1):
            source = f"{path.name}:{number}"
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, Rejected(source, "malformed_row", f"not JSON: {error}")
                continue
            if not isinstance(row, dict):
                yield number, Rejected(source, "malformed_row", "not a JSON object")
                continue
            if not checked:
                _check(path, columns, row)
                checked = True
            absent = [column for column in columns if column not in row]
            if absent:
                yield number, Rejected(source, "malformed_row", f"no '{absent[0]}'")
            else:
                yield number, {column: row[column] for column in columns}


def _parquet(path: Path, columns: list[str]) -> Iterator[tuple[int, Row | Rejected]]:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise UserError(f"{path}: unreadable parquet ({' '.join(str(error).split())})") from None
    with file:
        _check(path, columns, file.schema_arrow.names)
        number = 0
        try:
            for batch in file.iter_batches(batch_size=_PARQUET_ROWS, columns=columns):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
        except (pa.ArrowException, OSError, UnicodeError) as error:
            reason = " ".join(str(error).split())
            raise UserError(f"{path}: unreadable parquet after {number} rows ({reason})") from None


_FORMS: dict[str, Callable[[Path, list[str]], Iterator[tuple[int, Row | Rejected]]]] = {
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".jsonl": _json_lines,
    ".parquet": _parquet,
}


@dataclass(frozen=True)
class Pattern:
    """`text` as written; `parts`: literal text and the column after it, or None."""

    text: str
    parts: tuple[tuple[str, str | None], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it takes values from."""
        return tuple(column for _, column in self.parts if column is not None)


def read_pattern(image: str, key: str) -> Pattern:
    """One column, or a pattern with columns in braces. Raises `UserError` naming the parameter `key`."""
    if "{" not in image:
        return Pattern(image, (("", image),))
    try:
        parts = tuple((before, column) for before, column, _, _ in Formatter().parse(image))
    except ValueError as error:
        raise UserError(f"{key}: '{image}' is no pattern ({error})") from None
    return Pattern(image, parts)


def fill(pattern: Pattern, row: Row, strip: str = "") -> str:
    """A row's path; outer white space of its cells, and then the characters of `strip`, are dropped.

    Raises `UnusableError`: missing_image (nothing is left), malformed_row.
    """
    cells = [(before, "" if column is None else cell(row, column)) for before, column in pattern.parts]
    name = "".join(before + value.strip().strip(strip or None).strip() for before, value in cells)
    if not name:
        raise UnusableError("missing_image", f"column '{pattern.text}' is empty")
    return name


def cell(row: Row, column: str) -> str:
    """A cell as text; an absent one as "". Raises `UnusableError` for what is neither text nor number."""
    value = row[column]
    if value is None:
        return ""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    raise UnusableError("malformed_row", f"column '{column}' holds a {type(value).__name__}, not text")
