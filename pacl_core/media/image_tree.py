"""A tree of image and other files, walked in a fixed order with one folder's listing in memory."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from pacl_core.media.image_header import SUFFIXES
from pacl_core.media.rejects import Rejected, valid_name

Enter = Callable[[Path], Rejected | None]  # why a folder is left out, or None


def every_folder(folder: Path) -> Rejected | None:
    """Leaves no folder out."""
    return None


def is_image(path: Path) -> bool:
    """Whether a file is an image by its name."""
    return path.suffix.lower() in SUFFIXES


def name_in(root: Path, path: Path) -> str:
    """The path under `root` as text that can be stored."""
    return valid_name(path.relative_to(root).as_posix())


def listing(folder: Path) -> list[tuple[Path, bool]]:
    """(path, whether a folder) of the entries by name, without hidden ones. Raises OSError."""
    with os.scandir(folder) as entries:
        return sorted((folder / entry.name, _is_folder(entry)) for entry in entries if entry.name[0] != ".")


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself is not a folder; reading it gives the error
        return False


def walk(root: Path, top: Path | None = None, enter: Enter = every_folder) -> Iterator[list[Path] | Rejected]:
    """The files of each folder in `top` (default: the root) by name, a folder before the folders in it.

    Hidden entries are skipped. Rejected, named by their path under `root`: what `enter` says, linked_folder
    (it may lead back up; `top` itself may be one), unreadable.
    """
    waiting = [top or root]  # a stack: folders may nest deeper than Python's calls may
    while waiting:
        folder = waiting.pop()
        if folder != (top or root):
            refused = _refused(root, folder, enter)
            if refused is not None:
                yield refused
                continue
        try:
            entries = listing(folder)
        except OSError as error:
            yield Rejected(name_in(root, folder), "unreadable", error.strerror or str(error))
            continue
        yield [path for path, is_folder in entries if not is_folder]
        waiting += [path for path, is_folder in reversed(entries) if is_folder]


def _refused(root: Path, folder: Path, enter: Enter) -> Rejected | None:
    if folder.is_symlink():
        return Rejected(name_in(root, folder), "linked_folder", "links to folders are not followed")
    return enter(folder)
