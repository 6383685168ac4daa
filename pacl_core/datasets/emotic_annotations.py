"""EMOTIC's annotations, as MATLAB structs or CSV, as one record per person."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from pacl_core.corpus.manifest_rows import Row, read_rows
from pacl_core.datasets.clips import Edges
from pacl_core.datasets.names import is_absent
from pacl_core.datasets.published_text import number, written_list
from pacl_core.datasets.tasks import SPLITS, Split
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected, UnusableError

Ratings = tuple[float | None, float | None, float | None]


@dataclass(frozen=True)
class Person:
    """`ratings`: valence, arousal, dominance, None where missing. `box`: left, top, right, bottom, pixels."""

    split: Split
    folder: str
    filename: str
    categories: tuple[str, ...]
    ratings: Ratings
    box: Edges | None


COLUMNS = ["Folder", "Filename", "BBox", "Categorical_Labels", "Continuous_Labels"]


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
    texts = {column: "" if is_absent(row[column]) else str(row[column]).strip() for column in COLUMNS}
    if not {texts["Folder"].lower(), texts["Filename"].lower()}.isdisjoint(("", "nan")):
        raise UnusableError("malformed_row", "no folder or file name")
    categories = written_list(texts["Categorical_Labels"])
    if not all(isinstance(name, str) for name in categories):
        raise UnusableError("malformed_row", "Categorical_Labels is no list of names")
    ratings = _numbers(texts["Continuous_Labels"]) or [None] * 3
    edges = _numbers(texts["BBox"])
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


def _numbers(cell: str) -> list[float | None]:
    return [number(value) if isinstance(value, str) else value for value in written_list(cell)]


def _three(values: list[float | None]) -> Ratings:
    valence, arousal, dominance = values
    return valence, arousal, dominance


def _four(values: tuple[float, ...]) -> Edges:
    left, top, right, bottom = values
    return left, top, right, bottom


RATINGS = ("valence", "arousal", "dominance")


def mat_persons(file: Path) -> Iterator[Person | Rejected]:
    """Persons of train, val and test in order. Rejected: malformed_row, no_person. Raises `UserError`: no
    such file. Holds all annotations in memory (tens of MB), but no image.
    """
    try:
        structs = scipy.io.loadmat(file, struct_as_record=False, squeeze_me=True, variable_names=list(SPLITS))
    except Exception as error:  # on a broken file the parser may raise anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{file}: not a MATLAB file that can be read ({reason}); fetch it again") from None
    for split in SPLITS:
        if split not in structs:
            raise UserError(f"{file}: no struct '{split}'; expected train, val and test")
    for split in SPLITS:
        for place, record in enumerate(_several(structs[split]), start=1):
            yield from _persons(split, record, f"{file.name}:{split}({place})")


def _persons(split: Any, record: Any, source: str) -> Iterator[Person | Rejected]:
    folder, filename = _text(_field(record, "folder")), _text(_field(record, "filename"))
    if not folder or not filename:
        yield Rejected(source, "malformed_row", "no folder or filename")
        return
    persons = _several(_field(record, "person"))
    if not persons:
        yield Rejected(source, "no_person", f"{folder}/{filename}")
    for person in persons:
        continuous = _first(_field(person, "combined_continuous", "annotations_continuous"))
        valence, arousal, dominance = (_number(_field(continuous, name)) for name in RATINGS)
        edges = [_number(edge) for edge in _several(_field(person, "bbox"))]
        known = [edge for edge in edges if edge is not None]
        yield Person(
            split=split,
            folder=folder,
            filename=filename,
            categories=tuple(_names(_field(person, "combined_categories", "annotations_categories"))),
            ratings=(valence, arousal, dominance),
            box=(known[0], known[1], known[2], known[3]) if len(known) == len(edges) == 4 else None,
        )


def _names(categories: Any) -> Iterator[str]:
    """Names of a cell array, or of the struct with a field `categories` that holds one."""
    for entry in _several(categories):
        nested = _field(entry, "categories")
        if nested is not None:
            yield from _names(nested)
        elif name := _text(entry):
            yield name


def _field(struct: Any, *names: str) -> Any:
    """The first of the fields that the struct has, else None."""
    return next((getattr(struct, name) for name in names if name in getattr(struct, "_fieldnames", ())), None)


def _several(value: Any) -> list[Any]:
    """One or many -> a list: a MATLAB array of one element is read as the element."""
    return [] if value is None else list(np.atleast_1d(np.asarray(value, dtype=object)).ravel())


def _first(value: Any) -> Any:
    return next(iter(_several(value)), None)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    return number(str(value)) if isinstance(value, int | float | np.number) else None
