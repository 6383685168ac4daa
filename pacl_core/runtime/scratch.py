"""Scratch: finished pieces of a stage's work, so that a killed run resumes where it stopped.

DVC deletes a stage's outs before its command starts, so pieces are kept outside the outs, under
`.pacl/scratch/<stage>/<key>`. The key hashes inputs, parameters and code: after a change of any of these the
stage starts from the beginning, and work is never resumed by newer code.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pacl_core.files.hashing import value_sha256
from pacl_core.files.publish import naming

SCRATCH_ROOT = Path(".pacl/scratch")
_PACKAGE = Path(__file__).parents[1]
# the code by which every stage writes, reads and finds its pieces
_ALWAYS = ("files", "runtime/scratch.py")


@contextmanager
def scratch(stage: str, key: object, root: Path = SCRATCH_ROOT) -> Iterator[Path]:
    """Yield the stage's scratch folder for `key` (a JSON value); kept on an error, removed on success.

    Folders of other keys are removed at once: their work is stale.
    """
    folder = root / stage / value_sha256(key)[:20]
    if folder.parent.is_dir():
        for other in folder.parent.iterdir():
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    with naming(folder):
        yield folder
    shutil.rmtree(folder.parent, ignore_errors=True)


def code_sha256(*rooms: str | Path) -> str:
    """Hex SHA-256 over files: folders or modules of pacl_core ("encoding", "runtime/threads.py"), and paths.

    The code that every stage's pieces depend on is included.
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
