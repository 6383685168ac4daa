"""Inputs that DVC cannot hash: it hashes every file of a stage's inputs before the stage begins."""

import os
import stat
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from pacl_core.doctor import Finding

FIRST = 5
_FIX = "DVC cannot hash it: delete or rename it, or move it out of the folder"
_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def hashing(inputs: Mapping[str, str]) -> list[Finding]:
    """The first entries that stop DVC at each input's path; `inputs` by the key that names it."""
    return [
        Finding(key, "stops", f"{path}: {what}", _FIX)
        for key, place in inputs.items()
        for path, what in islice(unhashable(Path(place)), FIRST)
    ]


def unhashable(root: Path) -> Iterator[tuple[str, str]]:
    """(path, what it is) of entries at or below `root` that DVC cannot hash.

    These are broken links, FIFOs, sockets, devices, files and folders that cannot be read, and names that are
    not UTF-8. Hidden entries are included, since DVC reads them too. Links to folders are not followed. A
    path that does not exist yields nothing.
    """
    if not os.path.lexists(root):
        return
    waiting = [root]
    while waiting:
        path = waiting.pop()
        what = _what(path)
        if what is not None:
            yield _shown(path), what
        elif path.is_dir() and (path == root or not path.is_symlink()):
            try:
                with os.scandir(path) as entries:
                    waiting += sorted((path / entry.name for entry in entries), reverse=True)
            except OSError as error:
                yield _shown(path), f"a folder that cannot be read ({error.strerror})"


def _what(path: Path) -> str | None:
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        return "a name that is not UTF-8"
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "a link to nothing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    kind = stat.S_IFMT(mode)
    if kind in _KINDS:
        return _KINDS[kind]
    return None if os.access(path, os.R_OK) else "cannot be read (Permission denied)"


def _shown(path: Path) -> str:
    return os.fspath(path).encode("utf-8", "backslashreplace").decode()
