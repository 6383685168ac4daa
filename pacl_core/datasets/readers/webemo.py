"""WebEmo (Panda et al. 2018): lists of addresses with class indices; you fetch the images yourself.

`category.txt`: a line per class in index order, ('affection', 'love', '+'): name, middle level, polarity.
`train25.txt`, `test25.txt`: `<url> <class index>`. The item_id is `<split>/<line number>`; values are
`label`, the class in the data set's own spelling, `emotion` and `polarity` ("+" or "-").
"""

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from pacl_core.corpus.manifest_rows import Pattern, fill, read_pattern
from pacl_core.datasets.items import Item
from pacl_core.datasets.published_text import existing_file, lines
from pacl_core.errors import UserError, unknown
from pacl_core.media.images import read_image
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
    missing_image, unreadable. Raises `UserError`: a missing list, a category that cannot be read (the
    indices after it would shift), a pattern of unknown parts.
    """
    pattern = read_pattern(options.image, "options.image")
    for part in pattern.columns:
        if part not in PARTS:
            raise unknown("part of an address", part, PARTS)
    for name in ("category.txt", *SPLITS.values()):
        existing_file(path / name, _EXPECTED)
    categories = read_categories(path / "category.txt")
    for split, name in SPLITS.items():
        for number, line in lines(path / name):
            try:
                yield _item(path, pattern, categories, split=split, number=number, line=line.strip())
            except UnusableError as error:
                yield error.rejected(f"{name}:{number}")


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


def _item(
    root: Path, pattern: Pattern, categories: list[Category], *, split: str, number: int, line: str
) -> Item:
    address, _, index = line[:MAX_LINE].replace("\t", " ").rpartition(" ")
    if not address.strip() or not (index.isascii() and index.isdigit()) or len(line) > MAX_LINE:
        raise UnusableError("malformed_row", "not '<url> <class index>'")
    if len(index) > 4 or int(index) >= len(categories):
        raise UnusableError("unknown_label", f"class index {index[:20]} of {len(categories)} classes")
    image = root / fill(pattern, _parts(address.strip(), split, number))
    label, emotion, polarity = categories[int(index)]
    values = {"label": label, "emotion": emotion, "polarity": polarity}
    return Item(f"{split}/{number}", read_image(image), values, split)


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
