"""Image files of a data set's tree, and an image file as an item."""

import os
from collections.abc import Iterator
from pathlib import Path

from pacl_core.datasets.readers import Item
from pacl_core.errors import UserError
from pacl_core.media.image_tree import Enter, every_folder, is_image, name_in, walk
from pacl_core.media.images import read_image
from pacl_core.media.listed_files import same_file
from pacl_core.media.rejects import Rejected, UnusableError, valid_name


def existing_folder(path: Path, expected: str) -> Path:
    """`path` where it is a folder. Raises `UserError` that says what is expected there."""
    path = same_file(path)
    if not path.is_dir():
        raise UserError(f"{path}: no such folder; expected {expected}")
    if not os.access(path, os.R_OK | os.X_OK):
        raise UserError(f"{path}: cannot be read; expected {expected}")
    return path


def image_files(
    root: Path, top: Path | None = None, enter: Enter = every_folder
) -> Iterator[Path | Rejected]:
    """Every image in the order of `media.image_tree.walk`; other files are rejected as other_file."""
    for found in walk(root, top, enter):
        if isinstance(found, Rejected):
            yield found
            continue
        for path in found:
            if is_image(path):
                yield path
            else:
                yield Rejected(name_in(root, path), "other_file", "not a picture by its name")


def labelled_item(root: Path, path: Path, label: str, *, split: str | None = None) -> Item | Rejected:
    """An image file as an item: its id is its path under `root`, its label the value `label`."""
    name = name_in(root, path)
    try:
        return Item(name, read_image(path), {"label": valid_name(label)}, split)
    except UnusableError as error:
        return error.rejected(name)
