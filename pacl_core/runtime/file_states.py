"""Files as they are at one moment, to tell at a later one whether any was edited in between."""

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

# a fifth of a second to read; of what is larger, size and time alone decide
BUDGET = 64 * 2**20


class State(NamedTuple):
    """The files directly in a folder, or a file alone, which has its own name.

    `marks`: names, sizes and times, hashed. `content`: SHA-256 by name; None where that was too much to read.
    """

    marks: bytes
    content: Mapping[str, bytes] | None


def states(paths: Iterable[Path], budget: int = BUDGET) -> dict[Path, State]:
    """The state of each file of `paths`, and of each folder at or below them that holds files.

    The bytes of `budget` at most are read. What is not there, or cannot be read, has none. Hidden files, what
    Python compiles, and what links to folders lead to are left out.
    """
    found = {}
    for path, files in _folders(paths):
        size = sum(stat.st_size for stat in files.values())
        content = _content(path, files) if size <= budget else None
        budget -= size if content is not None else 0
        found[path] = State(_marks(files), content)
    return found


def edited(before: Mapping[Path, State], paths: Iterable[Path]) -> Path | None:
    """The first file or folder of `paths` that is no longer as it was; None where all are.

    A file that was only written again, with the same bytes, is as it was, if its bytes are known.
    """
    now = dict(_folders(paths))
    for path in sorted(before.keys() | now.keys()):
        if path not in before or path not in now:
            return path
        state, files = before[path], now[path]
        if state.marks == _marks(files):
            continue
        if state.content is None:
            return path
        content = _content(path, files) or {}
        names = sorted(state.content.keys() | content.keys())
        changed = [name for name in names if state.content.get(name) != content.get(name)]
        if changed:
            return _file(path, changed[0])
    return None


def _folders(paths: Iterable[Path]) -> Iterator[tuple[Path, dict[str, os.stat_result]]]:
    waiting = list(paths)
    seen = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        try:
            if not path.is_dir():
                yield path, {path.name: path.stat()}
                continue
            files = {}
            with os.scandir(path) as entries:
                for entry in entries:
                    if _ignored(entry.name):
                        continue
                    if entry.is_dir():
                        waiting += [] if entry.is_symlink() else [path / entry.name]
                    elif stat := _stat(entry):
                        files[entry.name] = stat
        except OSError:  # gone, or not to be read: who needs it says so
            continue
        if files:
            yield path, files


def _ignored(name: str) -> bool:
    """As .dvcignore has it; readers leave hidden files out, too."""
    return name.startswith(".") or name.endswith(".pyc") or name == "__pycache__"


def _stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except OSError:
        return None


def _marks(files: Mapping[str, os.stat_result]) -> bytes:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(repr((name, files[name].st_size, files[name].st_mtime_ns)).encode())
    return digest.digest()


def _content(path: Path, names: Collection[str]) -> dict[str, bytes] | None:
    """SHA-256 by name; None where a file cannot be read, or is no file."""
    found = {}
    for name in names:
        file = _file(path, name)
        if not file.is_file():  # a FIFO would be waited for
            return None
        try:
            with file.open("rb") as stream:
                found[name] = hashlib.file_digest(stream, "sha256").digest()
        except OSError:
            return None
    return found


def _file(path: Path, name: str) -> Path:
    return path / name if path.is_dir() else path
