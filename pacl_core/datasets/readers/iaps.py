"""IAPS (Lang, Bradley, Cuthbert 2008): mean ratings of valence, arousal and dominance per image.

`AllSubjects_1-20.txt`: some lines of preamble, then tab-separated rows after the header `desc IAPS valmn
valsd aromn arosd dom1mn dom1sd dom2mn dom2sd set`; "." where a rating is missing. Images are `<IAPS>.jpg`,
with numbers like 2055.1. The item_id is the number; values are `valence`, `arousal` and `dominance`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pacl_core.datasets.names import without_point
from pacl_core.datasets.published_text import existing_file, lines, number
from pacl_core.datasets.readers import Item
from pacl_core.errors import UserError
from pacl_core.media.images import read_image
from pacl_core.media.listed_files import ListedFiles
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.section import Section

NAME = "IAPS"
COLUMNS = ("valmn", "aromn", "dom1mn", "dom2mn")
SUFFIXES = (".jpg", ".jpeg")  # in either case
_ABSENT = ("", ".", "nan")
Ratings = tuple[float | None, ...]


class Options(Section):
    """`dominance`: the first scale's rating ("first"), or the second's where the first is missing
    ("either"): the two were asked differently, so the result is not one scale.
    """

    annotations: str = "AllSubjects_1-20.txt"
    images: str = "images"
    dominance: Literal["first", "either"] = "first"


@dataclass
class _Image:
    """An image's first line and its ratings, one per line that it has."""

    line: int
    ratings: list[Ratings]


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Images in the order of their first line. Some were rated in two sets: they get the mean of both,
    and the second line is rejected as `repeated_rating`, so that it is counted.

    Also rejected: malformed_row, outside_dataset, missing_image, unreadable. Raises `UserError`: no table,
    no header.
    """
    table = existing_file(path / options.annotations, "the table of mean ratings of all subjects")
    files = ListedFiles(path, "outside_dataset")
    images: dict[str, _Image] = {}
    for line, row in _rows(table):
        if isinstance(row, Rejected):
            yield row
            continue
        name, ratings = row
        if name in images:
            images[name].ratings.append(ratings)
            detail = f"picture {name} is rated in line {images[name].line} too; the mean is taken"
            yield Rejected(f"{table.name}:{line}", "repeated_rating", valid_name(detail))
        else:
            images[name] = _Image(line, [ratings])
    for name, rated in images.items():
        try:
            image = _read(files, path / options.images, name)
        except UnusableError as error:
            yield error.rejected(f"{table.name}:{rated.line}")
            continue
        valence, arousal, first, second = (_mean(given) for given in zip(*rated.ratings, strict=True))
        dominance = second if first is None and options.dominance == "either" else first
        values = {"valence": valence, "arousal": arousal, "dominance": dominance}
        yield Item(valid_name(name), image, values)


def _rows(table: Path) -> Iterator[tuple[int, tuple[str, Ratings] | Rejected]]:
    header: list[str] = []
    for line, text in lines(table):
        fields = [field.strip() for field in text.split("\t")]
        if not header:
            header = fields if {NAME, *COLUMNS} <= set(fields) else []
        elif len(fields) != len(header) or fields[header.index(NAME)].lower() in _ABSENT:
            detail = f"{len(fields)} fields for {len(header)} columns, or no number"
            yield line, Rejected(f"{table.name}:{line}", "malformed_row", detail)
        else:
            ratings = tuple(number(fields[header.index(column)]) for column in COLUMNS)
            yield line, (without_point(fields[header.index(NAME)]), ratings)
    if not header:
        raise UserError(f"{table}: no line with the columns {NAME}, {', '.join(COLUMNS)}, tab-separated")


def _mean(given: Ratings) -> float | None:
    known = [rating for rating in given if rating is not None]
    return sum(known) / len(known) if known else None


def _read(files: ListedFiles, folder: Path, name: str) -> bytes:
    # not with_suffix: it would make 2055.jpg of 2055.1
    for suffix in SUFFIXES[1:]:
        try:
            return read_image(files.find(folder, f"{name}{suffix}"))
        except UnusableError as error:
            if error.reason != "missing_image":
                raise
    return read_image(files.find(folder, f"{name}{SUFFIXES[0]}"))
