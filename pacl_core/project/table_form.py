"""A table of images as people write them: which column names the image, which the text, which the id."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pacl_core.corpus.manifest_rows import Row, as_text, read_rows
from pacl_core.errors import UserError
from pacl_core.media.image_header import SUFFIXES
from pacl_core.media.rejects import Rejected
from pacl_core.media.text_decoding import open_text

ROWS = 200  # that are looked at
_DELIMITERS = (",", ";", "\t", "|")
_IMAGE = ("image", "image_path", "file_name", "filename", "file", "path", "img", "picture", "photo")
_TEXT = ("text", "caption", "tweet", "title", "description", "sentence", "content", "body", "post", "comment")
_ID = ("id", "sample_id", "post_id", "tweet_id", "image_id", "item_id", "key")


@dataclass(frozen=True)
class Table:
    """The columns of a table, and the first rows that can be read."""

    path: Path
    columns: list[str]
    rows: list[Row]

    def texts(self, column: str) -> list[str]:
        """The cells of a column as text, those that are empty left out."""
        return [text for row in self.rows if (text := as_text(row[column]).strip())]


def read_table(path: Path, rows: int = ROWS) -> Table:
    """Raises `UserError` where the table cannot be read, or has no rows."""
    columns = _columns(path)
    found = [row for _, row in islice(read_rows(path, columns), rows) if not isinstance(row, Rejected)]
    if not found:
        raise UserError(f"{path}: no row that can be read")
    return Table(path, columns, found)


def _columns(path: Path) -> list[str]:
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            return list(pq.read_schema(path).names)
        with open_text(path, newline="") as stream:
            first = stream.readline(1 << 20)
            if first.lower().strip('"').startswith("sep="):
                first = stream.readline(1 << 20)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise UserError(f"{path}: unreadable ({' '.join(str(error).split())})") from None
    if suffix == ".jsonl":
        try:
            return list(json.loads(first))
        except ValueError:
            raise UserError(f"{path}: its first line is not a JSON object") from None
    usual = "\t" if suffix == ".tsv" else ","
    split = {one: next(csv.reader([first], delimiter=one), []) for one in (usual, *_DELIMITERS)}
    return max(split.values(), key=len)


def image_pattern(table: Table) -> tuple[str, float] | None:
    """A column or pattern of image paths ("images/{Theme}.jpg"), and the fraction of rows with their file.

    None where no column leads to images.
    """
    folder = table.path.parent
    below = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")[:50]
    best: tuple[float, str] | None = None
    for column in _ordered(table.columns, _IMAGE):
        texts = table.texts(column)[:50]
        for before in ("", *(f"{name}/" for name in below)):
            for after in _endings(texts, folder / before):
                there = sum(_is_there(folder, f"{before}{text}{after}") for text in texts)
                fraction = there / len(texts) if texts else 0.0
                pattern = (
                    column if not before and not after else f"{_escaped(before)}{{{column}}}{_escaped(after)}"
                )
                if fraction >= 0.5 and (best is None or fraction > best[0]):
                    best = fraction, pattern
    return None if best is None else (best[1], best[0])


def _endings(texts: Sequence[str], folder: Path) -> list[str]:
    """What may follow a cell: nothing, or a suffix that the first cell has in the folder."""
    if not texts:
        return []
    try:
        return [one for one in ("", *sorted(SUFFIXES)) if _is_there(folder, texts[0] + one)] or [""]
    except OSError:
        return [""]


def _is_there(folder: Path, name: str) -> bool:
    """An image of this name, also in the spelling of Windows."""
    name = name.replace("\\", "/")
    if len(name) > 1000 or "\0" in name or Path(name).suffix.lower() not in SUFFIXES:
        return False
    try:
        return (folder / name).is_file()
    except OSError:
        return False


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def text_column(table: Table, image: str) -> str | None:
    """The column of texts: by its name, else the one whose cells have the most words."""
    free = [one for one in table.columns if one != image and f"{{{one}}}" not in image]
    for column in _ordered(free, _TEXT):
        if column.lower() in _TEXT and table.texts(column):
            return column
    words = {
        column: sum(len(text.split()) for text in table.texts(column)) / len(table.rows) for column in free
    }
    longest = max(words, key=lambda one: words[one], default=None)
    return longest if longest is not None and words[longest] >= 2 else None


def id_column(table: Table) -> str | None:
    """A column of ids by its name, if each row has another."""
    for column in _ordered(table.columns, _ID):
        texts = table.texts(column)
        if column.lower() in _ID and len(set(texts)) == len(table.rows):
            return column
    return None


def _ordered(columns: Sequence[str], known: Sequence[str]) -> list[str]:
    """Those with a known name first."""
    place = {name: number for number, name in enumerate(known)}
    return sorted(columns, key=lambda one: place.get(one.lower(), len(place)))
