"""Rows of a manifest (CSV, TSV, JSON lines or parquet, by suffix) and their cells: paths, texts, captions."""

import ast
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from string import Formatter
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from pacl_core.corpus.delimited_rows import read_delimited
from pacl_core.errors import UserError, unknown
from pacl_core.media.rejects import Rejected, UnusableError
from pacl_core.media.text_decoding import open_text

Row = dict[str, Any]
_LONGEST_LINE = 16 << 20
_PARQUET_ROWS = 1024
_FIRST_ROWS = 1000  # of a file of JSON lines; a column must be in one of them
_ABSENT = ("nan", "NaN", "<NA>")  # as pandas spells it

CAPTIONS = "captions"  # the extra that holds all captions of an image that has several

_ITEM = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
# a list of texts as Python, JSON and NumPy (separated by blanks alone) write it
_LIST = re.compile(rf"\s*\[\s*(?:(?:{_ITEM})(?:\s*,\s*|\s+|(?=\])))*\]\s*", re.DOTALL)
_ITEMS = re.compile(_ITEM, re.DOTALL)


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
        lines = read_delimited(path, columns, delimiter)
        header = next(lines).fields
        _check(path, columns, header)
        places = {column: header.index(column) for column in columns}
        for number, line in enumerate(lines, start=1):
            if line.refused is None:
                yield number, {column: line.fields[place] for column, place in places.items()}
            else:
                yield number, Rejected(f"{path.name}:{line.number}", "malformed_row", line.refused)

    return rows


def _bounded(stream: TextIO) -> Iterator[str]:
    """Lines; an endless line is cut into pieces, which are then rejected as rows."""
    while line := stream.readline(_LONGEST_LINE):
        yield line


def _json_lines(path: Path, columns: list[str]) -> Iterator[tuple[int, Row | Rejected]]:
    with open_text(path) as stream:
        rows = _json_objects(path, stream)
        first = list(islice(rows, _FIRST_ROWS))
        objects = [row for _, row in first if not isinstance(row, Rejected)]
        if objects:
            _check(path, columns, dict.fromkeys(name for row in objects for name in row))
        for number, row in chain(first, rows):
            if isinstance(row, Rejected):
                yield number, row
                continue
            absent = [column for column in columns if column not in row]
            if absent:
                yield number, Rejected(f"{path.name}:{number}", "malformed_row", f"no '{absent[0]}'")
            else:
                yield number, {column: row[column] for column in columns}


def _json_objects(path: Path, stream: TextIO) -> Iterator[tuple[int, Row | Rejected]]:
    for number, line in enumerate((line for line in _bounded(stream) if line.strip()), start=1):
        source = f"{path.name}:{number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, Rejected(source, "malformed_row", f"not JSON: {error}")
            continue
        yield number, row if isinstance(row, dict) else Rejected(source, "malformed_row", "not a JSON object")


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
SUFFIXES = tuple(_FORMS)


@dataclass(frozen=True)
class Pattern:
    """`text` is the pattern as written; `parts` are pairs of literal text and the column after it, or
    None."""

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
        raise UserError(f"{key}: '{image}' is not a pattern ({error})") from None
    return Pattern(image, parts)


def fill(pattern: Pattern, row: Row, strip: str = "") -> str:
    """A row's path; outer white space of its cells, and then the characters of `strip`, are dropped.

    Raises `UnusableError`: missing_image (its columns are all empty), malformed_row.
    """
    cells = [
        (before, None if column is None else cell(row, column).strip().strip(strip or None).strip())
        for before, column in pattern.parts
    ]
    if not any(value for _, value in cells):
        raise UnusableError("missing_image", f"column '{pattern.text}' is empty")
    return "".join(before + (value or "") for before, value in cells)


def cell(row: Row, column: str) -> str:
    """A cell as text; an absent one is "". Raises `UnusableError` for anything that is neither text nor a
    number."""
    value = row[column]
    try:
        return as_text(value)
    except UnusableError:
        message = f"column '{column}' holds a {type(value).__name__}, not text"
        raise UnusableError("malformed_row", message) from None


def as_text(value: object) -> str:
    """A value of a table as text: whole numbers without a decimal point, "" for an absent one.

    Absent values are null and NaN, which pandas makes of null, and NaN as a word. Raises `UnusableError`
    (malformed_row) for what is neither text nor number.
    """
    if value is None or value in _ABSENT or value != value:
        return ""
    if isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value):
        return str(int(value))
    if isinstance(value, str | bool | int | float | Decimal):
        return str(value)
    raise UnusableError("malformed_row", f"a {type(value).__name__}, not text")


def split_captions(row: Row, column: str) -> tuple[str, dict[str, str]]:
    """The first caption that is not empty, and if there are several, the extra that holds all of them.

    The cell is a text, a list of texts, or a list written as text, as img2dataset does. An absent cell is "".
    Raises `UnusableError` (malformed_row) for anything else.
    """
    listed = _listed(row[column])
    if listed is None:
        return cell(row, column), {}
    captions = [text for text in listed if text.strip()]
    if not captions:
        return "", {}
    return captions[0], {CAPTIONS: json.dumps(captions, ensure_ascii=False)} if captions[1:] else {}


def _listed(value: object) -> list[str] | None:
    if isinstance(value, list):
        return [as_text(one) for one in value]
    if isinstance(value, str) and value.lstrip()[:1] == "[" and _LIST.fullmatch(value):
        return [_unquoted(item) for item in _ITEMS.findall(value)]
    return None


def _unquoted(item: str) -> str:
    for read in (json.loads, ast.literal_eval):  # JSON first: Python takes its surrogates for two letters
        try:
            return str(read(item))
        except (ValueError, SyntaxError):
            continue
    return item[1:-1]
