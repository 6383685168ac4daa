"""Image files of a tree, in a fixed order, and its other files, rejected."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from pacl_core.datasets.items import Item
from pacl_core.errors import UserError
from pacl_core.media.image_header import SUFFIXES
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


def listing(folder: Path) -> list[tuple[Path, bool]]:
    """(path, whether a folder) of the entries by name, without hidden ones. Raises OSError."""
    with os.scandir(folder) as entries:
        return sorted((folder / entry.name, entry.is_dir()) for entry in entries if entry.name[0] != ".")


def _every(folder: Path) -> Rejected | None:
    return None


def image_files(
    root: Path, enter: Callable[[Path], Rejected | None] = _every, folder: Path | None = None
) -> Iterator[Path | Rejected]:
    """Every image of `folder` (default: the root) by path, files before folders, without hidden entries.
    Rejections are named by their path under `root`.

    `enter` says why a folder is left out, or None. Links to folders are not followed: they may lead back up.
    Rejected: other_file, linked_folder, unreadable.
    """
    folder = folder or root
    try:
        entries = listing(folder)
    except OSError as error:
        yield Rejected(name_in(root, folder), "unreadable", error.strerror or type(error).__name__)
        return
    for path, is_folder in entries:
        if not is_folder and path.suffix.lower() in SUFFIXES:
            yield path
        elif not is_folder:
            yield Rejected(name_in(root, path), "other_file", "not a picture by its name")
    for path, is_folder in entries:
        if is_folder and path.is_symlink():
            yield Rejected(name_in(root, path), "linked_folder", "links to folders are not followed")
        elif is_folder:
            refused = enter(path)
            if refused is None:
                yield from image_files(root, enter, path)
            else:
                yield refused


def labelled_item(root: Path, path: Path, label: str, *, split: str | None = None) -> Item | Rejected:
    """An image file as an item: its id is its path under `root`, its label the value `label`."""
    name = name_in(root, path)
    try:
        return Item(name, read_image(path), {"label": valid_name(label)}, split)
    except UnusableError as error:
        return error.rejected(name)


def name_in(root: Path, path: Path) -> str:
    """The path under `root` as text that can be stored."""
    return valid_name(path.relative_to(root).as_posix())
