"""Predictions as files: .csv, .jsonl or .parquet, written row by row and published whole."""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pacl_core.errors import UserError
from pacl_core.files.publish import published_file

Answer = dict[str, Any]
Write = Callable[[Answer], None]

_ROW_GROUP = 4096
_DIGITS = 6


@contextmanager
def prediction_writer(out: Path) -> Iterator[Write]:
    """A function that takes an answer; `out` appears when the block ends without an error.

    .jsonl holds the answers as they are. .csv and .parquet hold those without an error, a column per number:
    path, start, end, then classes, then what heads say as `fi.emotion.awe`. Where only the likeliest classes
    are told, they are label_1, probability_1 and so on.

    Raises `UserError` where no input could be read, or two numbers would be in one column.
    """
    count = 0
    with published_file(out) as draft, _WRITERS[out.suffix](draft) as add:

        def write(answer: Answer) -> None:
            nonlocal count
            count += "error" not in answer
            add(answer)

        yield write
        if count == 0:
            raise UserError(f"{out}: not written, no input could be read")


def json_line(answer: Answer) -> str:
    """One line; numbers have six digits behind the point."""
    return json.dumps(_rounded(answer), ensure_ascii=False)


def columns(answer: Answer) -> Answer:
    """Column -> value. Raises `UserError` where two values have one name."""
    found: Answer = {}
    for name, value in _named(answer, ()):
        if name in found:
            raise UserError(f"'{name}' would be two columns; give the class another name, or write .jsonl")
        found[name] = value
    return found


def _named(value: Any, way: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _named(one, way if way == () and name in ("emotions", "heads") else (*way, name))
    elif isinstance(value, list):  # the likeliest classes
        for place, (label, probability) in enumerate(value, start=1):
            yield from ((f"label_{place}", label), (f"probability_{place}", probability))
    else:
        yield ".".join(way), value


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return round(value, _DIGITS) if isinstance(value, float) else value


@contextmanager
def _jsonl(draft: Path) -> Iterator[Write]:
    with draft.open("w", encoding="utf-8") as file:
        yield lambda answer: print(json_line(answer), file=file)


@contextmanager
def _csv(draft: Path) -> Iterator[Write]:
    with draft.open("w", encoding="utf-8", newline="") as file:
        opened: list[csv.DictWriter[str]] = []

        def write(answer: Answer) -> None:
            if "error" in answer:
                return
            row = columns(answer)
            if not opened:
                opened.append(csv.DictWriter(file, list(row), lineterminator="\n"))
                opened[0].writeheader()
            opened[0].writerow(_rounded(row))

        yield write


@contextmanager
def _parquet(draft: Path) -> Iterator[Write]:
    opened: list[pq.ParquetWriter] = []
    held: list[Answer] = []

    def flush() -> None:
        if held:
            schema = pa.schema([(name, _type(name)) for name in held[0]])
            if not opened:
                opened.append(pq.ParquetWriter(draft, schema, compression="zstd"))
            opened[0].write_table(pa.Table.from_pylist(held, schema=schema))
            held.clear()

    def write(answer: Answer) -> None:
        if "error" not in answer:
            held.append(columns(answer))
        if len(held) == _ROW_GROUP:
            flush()

    try:
        yield write
        flush()
    finally:
        for writer in opened:
            writer.close()


def _type(column: str) -> pa.DataType:
    return pa.string() if column == "path" or column.startswith("label_") else pa.float64()


_WRITERS: dict[str, Callable[[Path], AbstractContextManager[Write]]] = {
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
}
