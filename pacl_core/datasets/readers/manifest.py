"""A table of images and values: CSV, TSV, JSON lines or parquet, with the columns that the record names.

Values are passed on by column: a label, several marks, numbers or shares, as the record's tasks say.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from pacl_core.corpus.manifest_rows import Pattern, Row, cell, fill, read_pattern, read_rows
from pacl_core.datasets.items import Item
from pacl_core.datasets.published_text import existing_file
from pacl_core.datasets.tasks import Split
from pacl_core.errors import UserError
from pacl_core.media.images import read_image
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.section import Section

_ABSENT = frozenset(("", ".", "nan"))
_LARGEST = 1 << 63


class SeparatedLabels(Section):
    """Several labels in one cell: each of `labels` becomes a value of its name, "1" or "0"."""

    column: str
    labels: tuple[str, ...]
    separator: str = Field(default=",", min_length=1)


class Options(Section):
    """`file`: the table in the data set's folder, one per split where it is a mapping, null where the path is
    the table. `image`: a column of paths from the table's folder, or a pattern over columns like
    "images/{Theme}.jpg". `values`: the columns that tasks use. `id`: a column, else the row number.

    `split`: a column with train, val or test, or other names that `splits` maps to them. `strip`: characters
    to remove around names, labels and ids, such as quotes.
    """

    file: str | dict[Split, str] | None = None
    image: str = "image"
    id: str | None = None
    values: tuple[str, ...] = ()
    separated: SeparatedLabels | None = None
    split: str | None = None
    splits: dict[str, Split] = Field(default_factory=dict)
    strip: str = ""


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Rows in order. Rejected: malformed_row, missing_id, missing_image, unknown_split, unknown_label (of
    `separated`), unreadable. Raises `UserError`: no table, no such column, a pattern that cannot be read.
    """
    pattern = read_pattern(options.image, "options.image")
    for split, table in _tables(path, options.file):
        for number, row in read_rows(table, _columns(options, pattern)):
            if isinstance(row, Rejected):
                yield row
                continue
            default_id = str(number) if split is None else f"{split}/{number}"
            try:
                yield _item(table.parent, options, pattern, row=row, default_id=default_id, split=split)
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
    columns += [column for column in (options.id, options.split) if column is not None]
    columns += [options.separated.column] if options.separated else []
    return list(dict.fromkeys(columns))


def _item(
    folder: Path, options: Options, pattern: Pattern, *, row: Row, default_id: str, split: Split | None
) -> Item:
    item_id = default_id
    if options.id is not None:
        item_id = valid_name(_bare(cell(row, options.id), options.strip))
        if not item_id:
            raise UnusableError("missing_id", f"column '{options.id}' is empty")
    values: dict[str, str | float | None] = {
        column: _value(column, row[column], options.strip) for column in options.values
    }
    if options.separated is not None:
        values |= _marks(row, options.separated, options.strip)
    if options.split is not None:
        split = _split(_bare(cell(row, options.split), options.strip), options.splits)
    return Item(item_id, read_image(folder / fill(pattern, row, options.strip)), values, split)


def _bare(text: str, strip: str) -> str:
    return text.strip().strip(strip or None).strip()


def _value(column: str, value: Any, strip: str) -> str | float | None:
    """A cell as the store takes it: text, or a number; None for what is absent."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, bool | float):
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
    if isinstance(value, list) and all(isinstance(label, str) for label in value):
        given = value
    else:
        text = cell(row, separated.column)
        given = text.split(separated.separator) if text.strip() else []
    names = {_bare(label, strip) for label in given} - {""}
    strange = sorted(names - set(separated.labels))
    if strange:
        raise UnusableError("unknown_label", valid_name(f"'{strange[0]}' in column '{separated.column}'"))
    if not names:
        return dict.fromkeys(separated.labels)
    return {label: "1" if label in names else "0" for label in separated.labels}


def _split(text: str, splits: dict[str, Split]) -> Split:
    known: dict[str, Split] = splits or {"train": "train", "val": "val", "test": "test"}
    if text not in known:
        detail = f"'{text}' is none of {', '.join(known)}; map it by options.splits"
        raise UnusableError("unknown_split", valid_name(detail))
    return known[text]
