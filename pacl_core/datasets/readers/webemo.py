"""WebEmo (Panda et al. 2018): lists of addresses with class indices; you fetch the images yourself.

`category.txt`: a line per class in index order, ('affection', 'love', '+'): name, middle level, polarity.
`train25.txt`, `test25.txt`: `<url> <class index>`. The item_id is `<split>/<line number>`; values are
`label`, the class in the data set's own spelling, `emotion` and `polarity` ("+" or "-").
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urldefrag, urlsplit

from pacl_core.corpus.manifest_rows import Pattern, fill, read_pattern
from pacl_core.datasets.published_text import existing_file, lines
from pacl_core.datasets.readers import Item
from pacl_core.errors import UserError, unknown
from pacl_core.media.images import read_image
from pacl_core.media.listed_files import ListedFiles, same_form
from pacl_core.media.rejects import Rejected, UnusableError
from pacl_core.params.section import Section

SPLITS = {"train": "train25.txt", "test": "test25.txt"}
PARTS = ("host", "path", "name", "stem", "index", "split")
MAX_LINE = 4096
_EXPECTED = "WebEmo's category.txt, train25.txt and test25.txt"
Category = tuple[str, str, str]


class Options(Section):
    """`image`: the path of an image, made of {host}, {path}, {name} (last part of the path), {stem} of its
    address, as written there, {index} (line number from 1) and {split} of its line.
    """

    image: str = "images/{name}"


def read(path: Path, options: Options) -> Iterator[Item | Rejected]:
    """Lines in order, train first. Rejected: malformed_row, unknown_label (an index beyond the classes),
    ambiguous_image (lines with other addresses mean the same file), outside_dataset, missing_image,
    unreadable. Raises `UserError`: a missing list, a category that cannot be read (the indices after it
    would shift), a pattern of unknown parts. Holds every address' file name.
    """
    pattern = read_pattern(options.image, "options.image")
    for part in pattern.columns:
        if part not in PARTS:
            raise unknown("part of an address", part, PARTS)
    category, *lists = (existing_file(path / name, _EXPECTED) for name in ("category.txt", *SPLITS.values()))
    categories = read_categories(category)
    files = ListedFiles(path, "outside_dataset")
    names, forms = _ambiguous(dict(zip(SPLITS, lists, strict=True)), pattern, categories)
    for split, file in zip(SPLITS, lists, strict=True):
        for number, text in lines(file):
            try:
                line = _Line.parsed(text, split, number)
                label, emotion, polarity = line.category(categories)
                name = fill(pattern, line.parts)
                image = files.find(path, name)
                # if the file on disk is spelt differently, lines with that spelling mean it too
                if name in names or (image != path / name and same_form(name) in forms):
                    raise UnusableError("ambiguous_image", f"several addresses mean the file {image}")
                values = {"label": label, "emotion": emotion, "polarity": polarity}
                yield Item(f"{split}/{number}", read_image(image), values, split)
            except UnusableError as error:
                yield error.rejected(f"{file.name}:{number}")


def _ambiguous(
    lists: Mapping[str, Path], pattern: Pattern, categories: list[Category]
) -> tuple[set[str], set[str]]:
    """Names that lines with different addresses share, as filled in and in `same_form`: which one was fetched
    is unknown."""
    named: list[tuple[str, str]] = []
    for split, file in lists.items():
        for number, text in lines(file):
            with suppress(UnusableError):  # the line is rejected when it is read
                line = _Line.parsed(text, split, number)
                line.category(categories)
                named.append((fill(pattern, line.parts), line.address))
    return _several(named), _several((same_form(name), address) for name, address in named)


def _several(named: Iterable[tuple[str, str]]) -> set[str]:
    first: dict[str, str] = {}
    return {name for name, address in named if first.setdefault(name, address) != address}


def read_categories(path: Path) -> list[Category]:
    """(name, middle level, polarity) in index order. Raises `UserError` naming the line."""
    categories = []
    for number, line in lines(path):
        fields: Any
        try:
            fields = ast.literal_eval(line.strip().rstrip(",")) if len(line) <= MAX_LINE else None
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            fields = None
        texts = isinstance(fields, tuple) and all(isinstance(field, str) for field in fields)
        if not texts or len(fields) != 3 or fields[2].strip() not in ("+", "-"):
            raise UserError(f"{path}:{number}: not ('<class>', '<middle level>', '+' or '-')")
        categories.append((fields[0].strip(), fields[1].strip(), fields[2].strip()))
    if not categories:
        raise UserError(f"{path}: empty; expected a line per class")
    return categories


@dataclass(frozen=True)
class _Line:
    """`address` without its fragment, `index` as written, and the `PARTS` of the address."""

    address: str
    index: str
    parts: dict[str, str]

    @staticmethod
    def parsed(text: str, split: str, number: int) -> "_Line":
        """Raises `UnusableError`."""
        line = text.strip()
        address, _, index = line[:MAX_LINE].replace("\t", " ").rpartition(" ")
        if not address.strip() or not (index.isascii() and index.isdigit()) or len(line) > MAX_LINE:
            raise UnusableError("malformed_row", "not '<url> <class index>'")
        plain, _ = urldefrag(address.strip())
        return _Line(plain, index, _parts(address.strip(), split, number))

    def category(self, categories: list[Category]) -> Category:
        """Raises `UnusableError`."""
        if len(self.index) > 4 or int(self.index) >= len(categories):
            detail = f"class index {self.index[:20]} of {len(categories)} classes"
            raise UnusableError("unknown_label", detail)
        return categories[int(self.index)]


def _parts(address: str, split: str, number: int) -> dict[str, str]:
    try:
        url = urlsplit(address)
    except ValueError as error:
        raise UnusableError("malformed_row", f"no address: {error}") from None
    path = PurePosixPath(url.path.lstrip("/"))
    if ".." in path.parts or not path.name:
        raise UnusableError("malformed_row", "an address without a file name")
    return {
        "host": url.netloc,
        "path": str(path),
        "name": path.name,
        "stem": path.stem,
        "index": str(number),
        "split": split,
    }
