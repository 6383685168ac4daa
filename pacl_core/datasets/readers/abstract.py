"""Abstract paintings (Machajdik, Hanbury 2010): votes for eight emotions per image.

`ABSTRACT_groundTruth.csv`: its header names the emotions, with or without a name before them for the column
of file names. File names, and in some copies names of columns, are in single quotes. The item_id is
the file name; values are the counts by emotion, as the header spells them.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from pacl_core.datasets.published_text import existing_file, lines, number
from pacl_core.datasets.readers import Item
from pacl_core.errors import UserError
from pacl_core.media.images import read_image
from pacl_core.media.listed_files import ListedFiles
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.section import Section

EMOTIONS = ("Amusement", "Anger", "Awe", "Content", "Disgust", "Excitement", "Fear", "Sad")


class Options(Section):
    """`annotations`: the table of votes. `images`: the folder of the images."""

    annotations: str = "ABSTRACT_groundTruth.csv"
    images: str = "."


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Rows in order. Rejected: malformed_row, outside_dataset, missing_image, unreadable. Raises
    `UserError`: no table, a header without the eight emotions.
    """
    table = existing_file(path / options.annotations, "the table of votes for abstract paintings")
    files = ListedFiles(path, "outside_dataset")
    rows = _rows(table)
    _, header = next(rows, (1, []))
    emotions = [name for name in header if name in EMOTIONS]
    if sorted(emotions) != sorted(EMOTIONS) or len(header) - len(EMOTIONS) not in (0, 1):
        raise UserError(f"{table}: its first line is not the eight emotions ({', '.join(EMOTIONS)})")
    if header[: len(header) - len(EMOTIONS)] + emotions != header:
        raise UserError(f"{table}: the column of file names is not the first; put it before the emotions")
    for at, fields in rows:
        source = f"{table.name}:{at}"
        if any(fields):
            yield _item(files, path / options.images, emotions, fields=fields, source=source)


def _rows(table: Path) -> Iterator[tuple[int, list[str]]]:
    """(line number, its fields); a quote that is not closed ends with its line."""
    for at, line in lines(table):
        try:
            yield at, [_bare(field) for field in next(csv.reader([line]))]
        except csv.Error:
            yield at, [line[:80]]  # a field too long: not a row of nine fields


def _item(
    files: ListedFiles, folder: Path, emotions: list[str], *, fields: list[str], source: str
) -> Item | Rejected:
    if len(fields) != len(emotions) + 1 or not fields[0]:
        detail = f"{len(fields)} fields, not a file name and {len(emotions)} counts"
        return Rejected(source, "malformed_row", detail)
    try:
        image = read_image(files.find(folder, fields[0]))
    except UnusableError as error:
        return error.rejected(source)
    counts = {name: number(field) for name, field in zip(emotions, fields[1:], strict=True)}
    return Item(valid_name(fields[0]), image, counts)


def _bare(field: str) -> str:
    """Without blanks and quotes around it."""
    return field.strip().strip("'\"").strip()
