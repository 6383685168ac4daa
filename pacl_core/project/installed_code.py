"""The installed package as DVC sees it from a project outside the clone: a file of hashes per folder of code.

There, code is not below the project, so what dvc.yaml lists as pacl_core/corpus is a file corpus.sha256
instead, with the SHA-256 of every file of that folder. The stage `ready`, which always runs, writes those
that changed. So another version of the package runs again what depends on its changes, and nothing else.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from pacl_core.files.hashing import file_sha256
from pacl_core.files.publish import published_file

PACKAGE = Path(__file__).parents[1]
SUFFIX = ".sha256"
_CODE = re.compile(r"^(\s*- )pacl_core/(\S+)$", re.MULTILINE)
_STAGES = re.compile(r"^stages:\n", re.MULTILINE)


def with_hashes(pipeline: str, folder: Path, ready: str) -> str:
    """A dvc.yaml whose code is the files of hashes in `folder`; `ready`: the entry of that stage."""
    text = _CODE.sub(rf"\1{folder.as_posix()}/\2{SUFFIX}", pipeline)
    return _STAGES.sub(f"stages:\n{ready}", text, count=1)


def rooms(pipeline: str) -> list[str]:
    """Folders and files of the package that the text of a dvc.yaml of the clone depends on."""
    return sorted({found[2] for found in _CODE.finditer(pipeline)})


def hashed_rooms(pipeline: str, folder: Path) -> list[str]:
    """Folders and files of the package of which a project's dvc.yaml lists hashes; none of a clone's."""
    listed = re.compile(rf"^\s*- {re.escape(folder.as_posix())}/(\S+){re.escape(SUFFIX)}$", re.MULTILINE)
    return sorted(set(listed.findall(pipeline)))


def hashes(room: str, package: Path = PACKAGE) -> str:
    """SHA-256 and path of the files of a folder of the package, or of one file, as sha256sum writes them."""
    path = package / room
    found = path.rglob("*") if path.is_dir() else [path]
    files = sorted(file for file in found if file.is_file() and file.suffix != ".pyc")
    return "".join(f"{file_sha256(file)}  {file.relative_to(package).as_posix()}\n" for file in files)


def refresh(folder: Path, wanted: Iterable[str], package: Path = PACKAGE) -> list[str]:
    """Make `folder` hold the hashes of the rooms; returns those that changed. Other files are not touched."""
    changed = []
    files = {folder / f"{room}{SUFFIX}": room for room in wanted}
    for file, room in files.items():
        text = hashes(room, package)
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            with published_file(file) as draft:
                draft.write_text(text, encoding="utf-8")
            changed.append(room)
    for file in folder.rglob(f"*{SUFFIX}"):
        if file not in files:
            file.unlink()
    return changed


def stale(folder: Path, deps: Iterable[Path], package: Path = PACKAGE) -> Path | None:
    """The first of `deps` in `folder` that no longer is what the package holds; None where all are."""
    for file in deps:
        if file.is_relative_to(folder) and file.is_file():
            room = file.relative_to(folder).as_posix().removesuffix(SUFFIX)
            if file.read_text(encoding="utf-8") != hashes(room, package):
                return file
    return None
