"""What lies in a corpus and stops DVC, which hashes every file of it before a stage begins."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def unhashable(root: Path) -> Iterator[tuple[str, str]]:
    """(path, what it is) of entries at or below `root`: links to nothing, FIFOs, sockets, devices, files and
    folders that cannot be read, names that are no UTF-8. Hidden entries count: DVC reads them, too.

    Links to folders are not followed. Nothing is yielded for a path that is not there.
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
        return "a name that is no UTF-8"
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
