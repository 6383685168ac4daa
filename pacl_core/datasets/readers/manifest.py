"""A table of images and values: CSV, TSV, JSON lines or parquet, with the columns that the record names.

Values are passed on by column: a label, several marks, numbers or shares, as the record's tasks say.
"""

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import Field

from pacl_core.corpus.manifest_rows import Pattern, Row, cell, fill, read_pattern, read_rows
from pacl_core.datasets.names import find_name, is_absent, whole, without_point
from pacl_core.datasets.published_text import existing_file, written_list
from pacl_core.datasets.readers import Item
from pacl_core.datasets.tasks import Split
from pacl_core.errors import UserError
from pacl_core.media.images import read_image
from pacl_core.media.listed_files import ListedFiles
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.section import Section

_ABSENT = frozenset(("", ".", "nan"))
_LARGEST = 1 << 63


class SeparatedLabels(Section):
    """Several labels in one cell: each of `labels` becomes a value of its name, "1" or "0". A list in
    brackets, as Python or NumPy writes it, is read as a list whatever the `separator`.
    """

    column: str
    labels: tuple[str, ...]
    separator: str = Field(default=",", min_length=1)


class Options(Section):
    """`file`: the table in the data set's folder, one per split where it is a mapping, null where the path is
    the table. `image`: a column of paths from the table's folder, or a pattern over columns like
    "images/{Theme}.jpg". `values`: the columns that tasks use. `id`: a column, else the row number.

    `split`: a column with train, val or test, or other names that `splits` maps to them. `strip`: characters
    to remove around names, labels and ids, such as quotes. `group`: a column, such as the photographer or the
    scene; rows with one value stay together in splits and folds.
    """

    file: str | dict[Split, str] | None = None
    image: str = "image"
    id: str | None = None
    values: tuple[str, ...] = ()
    separated: SeparatedLabels | None = None
    group: str | None = None
    split: str | None = None
    splits: dict[str, Split] = Field(default_factory=dict)
    strip: str = ""


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Rows in order. Rejected: malformed_row, missing_id, outside_dataset, missing_image, unknown_split,
    unknown_label (of `separated`), unreadable. Raises `UserError`: no table, no such column, a pattern that
    cannot be read.
    """
    pattern = read_pattern(options.image, "options.image")
    files = ListedFiles(path if path.is_dir() else path.parent, "outside_dataset")
    for split, table in _tables(path, options.file):
        for number, row in read_rows(table, _columns(options, pattern)):
            if isinstance(row, Rejected):
                yield row
                continue
            row = {column: whole(value) for column, value in row.items()}
            default_id = str(number) if split is None else f"{split}/{number}"
            try:
                image = _path(files, table.parent, pattern, row=row, strip=options.strip)
                yield _item(options, row, image, default_id=default_id, split=split)
            except UnusableError as error:
                yield error.rejected(f"{table.name}:{number}")


def _tables(path: Path, file: str | dict[Split, str] | None) -> list[tuple[Split | None, Path]]:
    if file is None and path.is_dir():
        raise UserError(f"{path}: a folder; set options.file to the table in it")
    expected = "a table (.csv, .tsv, .jsonl or .parquet); set options.file to it"
    if isinstance(file, dict):
        return [(split, existing_file(path / name, expected)) for split, name in file.items()]
    table = path / file if file is not None and not path.is_file() else path
    return [(None, existing_file(table, expected))]


def _columns(options: Options, pattern: Pattern) -> list[str]:
    columns = [*pattern.columns, *options.values]
    columns += [column for column in (options.id, options.group, options.split) if column is not None]
    columns += [options.separated.column] if options.separated else []
    return list(dict.fromkeys(columns))


def _item(options: Options, row: Row, image: Path, *, default_id: str, split: Split | None) -> Item:
    item_id = default_id
    if options.id is not None:
        item_id = valid_name(_bare(cell(row, options.id), options.strip))
        if item_id.casefold() in ("", "nan"):
            raise UnusableError("missing_id", f"column '{options.id}' is empty")
    values: dict[str, str | float | None] = {
        column: _value(column, row[column], options.strip) for column in options.values
    }
    if options.separated is not None:
        values |= _marks(row, options.separated, options.strip)
    if options.split is not None:
        split = _split(row[options.split], options)
    return Item(item_id, read_image(image), values, split, _group(options, row))


def _group(options: Options, row: Row) -> str | None:
    """None without a value: the item is then a group of its own."""
    if options.group is None:
        return None
    text = without_point(_bare(cell(row, options.group), options.strip))
    return None if text.casefold() in _ABSENT else f"{options.group}: {valid_name(text)}"


def _path(files: ListedFiles, folder: Path, pattern: Pattern, *, row: Row, strip: str) -> Path:
    path = files.find(folder, fill(pattern, row, strip))
    if os.path.lexists(path):
        return path
    # whole numbers are written as 12.0 in a CSV column with an absent value, too
    numbers = {column: without_point(_bare(cell(row, column), strip)) for column in pattern.columns}
    other = files.find(folder, fill(pattern, numbers))
    return other if os.path.lexists(other) else path


def _bare(text: str, strip: str) -> str:
    return text.strip().strip(strip or None).strip()


def _value(column: str, value: Any, strip: str) -> str | float | None:
    """A cell as the store takes it: text, a number or a boolean; None if absent."""
    if is_absent(value):
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, float | Decimal):
        return float(value)
    if isinstance(value, int):
        return value if abs(value) < _LARGEST else str(value)
    if not isinstance(value, str):
        raise UnusableError("malformed_row", f"column '{column}' holds a {type(value).__name__}")
    text = valid_name(_bare(value, strip))
    return None if text.casefold() in _ABSENT else text


def _marks(row: Row, separated: SeparatedLabels, strip: str) -> dict[str, str | float | None]:
    """ "1" or "0" per label; None for every label where the cell is empty."""
    value = row[separated.column]
    if isinstance(value, list) and all(isinstance(label, str) or is_absent(label) for label in value):
        given = [label for label in value if not is_absent(label)]
    else:
        text = cell(row, separated.column).strip()
        given = _written(text, separated.column) if text[:1] == "[" else text.split(separated.separator)
        given = [] if text.casefold() in _ABSENT else given
    meant = {
        label: find_name(label, separated.labels) for label in {_bare(label, strip) for label in given} - {""}
    }
    strange = sorted(label for label, name in meant.items() if name is None)
    if strange:
        raise UnusableError("unknown_label", valid_name(f"'{strange[0]}' in column '{separated.column}'"))
    names = set(meant.values())
    if not names:
        return dict.fromkeys(separated.labels)
    return {label: "1" if label in names else "0" for label in separated.labels}


def _written(text: str, column: str) -> list[str]:
    """The texts of a list that Python or NumPy wrote, as pandas leaves it in a CSV."""
    labels = written_list(text)
    texts = [label for label in labels if isinstance(label, str)]
    if len(texts) < len(labels):
        raise UnusableError("malformed_row", f"column '{column}' holds a list of numbers: {text[:80]}")
    return texts


def _split(value: Any, options: Options) -> Split:
    known: dict[str, Split] = options.splits or {"train": "train", "val": "val", "test": "test"}
    if isinstance(value, list | dict):
        raise UnusableError(
            "malformed_row", f"column '{options.split}' holds a {type(value).__name__}, not text"
        )
    text = "" if value is None else _bare(str(value), options.strip)
    name = find_name(text, known)
    if name is None:
        detail = f"'{text}' is none of {', '.join(known)}; map it by options.splits"
        raise UnusableError("unknown_split", valid_name(detail))
    return known[name]
