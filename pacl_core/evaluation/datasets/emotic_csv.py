"""EMOTIC's annotations as many people hold them: a CSV per split, lists as Python text."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pacl_core.corpus.manifest_rows import Row, read_rows
from pacl_core.corpus.posts import Rejected, UnusableError
from pacl_core.evaluation.datasets.emotic_person import Edges, Person, Ratings
from pacl_core.evaluation.datasets.published_text import Split, number

COLUMNS = ["Folder", "Filename", "BBox", "Categorical_Labels", "Continuous_Labels"]
MAX_CELL = 4096
_NAN = re.compile(r"\bnan\b", re.IGNORECASE)


def csv_persons(files: Mapping[Split, Path]) -> Iterator[Person | Rejected]:
    """Rows of the splits' files in order. Rejected: malformed_row. Raises `UserError`: no such column."""
    for split, file in files.items():
        for row_number, row in read_rows(file, COLUMNS):
            if isinstance(row, Rejected):
                yield row
                continue
            try:
                yield _person(split, row)
            except UnusableError as error:
                yield error.rejected(f"{file.name}:{row_number}")


def _person(split: Split, row: Row) -> Person:
    texts = {column: str(row[column]).strip() for column in COLUMNS}
    if not texts["Folder"] or not texts["Filename"]:
        raise UnusableError("malformed_row", "no folder or file name")
    categories = _list(texts["Categorical_Labels"])
    if not all(isinstance(name, str) for name in categories):
        raise UnusableError("malformed_row", "Categorical_Labels is no list of names")
    ratings = [number(str(value)) for value in _list(texts["Continuous_Labels"])]
    edges = [number(str(value)) for value in _list(texts["BBox"])]
    if len(ratings) != 3:
        raise UnusableError("malformed_row", f"{len(ratings)} continuous labels, not three")
    known = tuple(edge for edge in edges if edge is not None)
    return Person(
        split=split,
        folder=texts["Folder"].replace("\\", "/"),
        filename=texts["Filename"],
        categories=tuple(str(name).strip() for name in categories),
        ratings=_three(ratings),
        box=_four(known) if len(known) == len(edges) == 4 else None,
    )


def _list(text: str) -> list[object]:
    """`['Peace', 'Esteem']` or `[5.0, nan, 7]`. Raises `UnusableError`."""
    try:
        if len(text) > MAX_CELL:
            raise ValueError("too long")
        value = ast.literal_eval(_NAN.sub("None", text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise UnusableError("malformed_row", f"no list: {text[:80]!r}") from None
    if not isinstance(value, list | tuple):
        raise UnusableError("malformed_row", f"no list: {text[:80]!r}")
    return list(value)


def _three(values: list[float | None]) -> Ratings:
    valence, arousal, dominance = values
    return valence, arousal, dominance


def _four(values: tuple[float, ...]) -> Edges:
    left, top, right, bottom = values
    return left, top, right, bottom
