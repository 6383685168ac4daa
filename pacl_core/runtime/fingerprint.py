"""The code that made a piece of work, as one hash: stale work is never resumed by newer code."""

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
# by whose code everything is written, read and found again
_ALWAYS = ("files", "runtime/fingerprint.py", "runtime/scratch.py")


def code_sha256(*rooms: str | Path) -> str:
    """Hex SHA-256 over files: folders or modules of pacl_core ("encoding", "runtime/threads.py"), and paths.

    `_ALWAYS` counts for every stage.
    """
    digest = hashlib.sha256()
    for file in code_files(*rooms):
        digest.update(f"{file.parent.name}/{file.name}".encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def code_files(*rooms: str | Path) -> list[Path]:
    """The files that `code_sha256` covers, in its order; of a folder all files, shipped weights too.

    `Path(__file__)` is the file of a stage.
    """
    found: set[Path] = set()
    for room in (*rooms, *_ALWAYS):
        path = _PACKAGE / room
        inside = (file for file in path.rglob("*") if file.is_file() and file.suffix != ".pyc")
        found |= set(inside) if path.is_dir() else {path}
    return sorted(found)


def versions(*libraries: str) -> dict[str, str | None]:
    """The installed version of each library; None where it is not installed."""
    return {name: _version(name) for name in libraries}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
