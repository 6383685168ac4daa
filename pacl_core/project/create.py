"""Write a project folder, or bring one to the installed version."""

import logging
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pacl_core.errors import UserError
from pacl_core.extras import install

_GITIGNORE = ".gitignore"
_DVC = Path(".dvc")
_CONFIG = _DVC / "config"
_OF_THE_VERSION = ("stages/", "dvc.yaml")  # fit the installed package; all else is the user's


class Written(NamedTuple):
    """Number of files written, and what was initialised: "git", "DVC"."""

    files: int
    initialised: list[str]


def create(folder: Path, files: dict[Path, bytes]) -> Written:
    """Write `files`, by path in the folder, and initialise git and DVC where they are not.

    Raises `UserError` where one of the files is there already; .gitignore is completed.
    """
    ours = [path for path in files if path.name != _GITIGNORE and _DVC not in path.parents]
    taken = [path for path in ours if os.path.lexists(folder / path)]
    if taken:
        hint = (
            "; --update brings stages/ and dvc.yaml to the installed version"
            if (folder / "dvc.yaml").exists()
            else ""
        )
        raise UserError(f"{folder / taken[0]}: already there{hint}")
    with_dvc = not (folder / _DVC).is_dir()
    initialised = _initialised(folder, with_dvc)
    if with_dvc and "git" not in initialised and _repository(folder) is None:
        files = files | {_CONFIG: files[_CONFIG].replace(b"[core]\n", b"[core]\n    no_scm = true\n")}
    for path, content in files.items():
        if with_dvc or _DVC not in path.parents:
            _write(folder / path, content)
    return Written(len(files), initialised)


def update(folder: Path, files: Mapping[Path, bytes]) -> list[str]:
    """Replace stages/ and dvc.yaml by those of `files`; the names of those that changed.

    Raises `UserError` where `folder` is no project.
    """
    if not (folder / "dvc.yaml").is_file() or not (folder / "stages").is_dir():
        raise UserError(f"{folder}: no project to update (no dvc.yaml and stages/ in it)")
    ours = {path: content for path, content in files.items() if path.as_posix().startswith(_OF_THE_VERSION)}
    changed = []
    for path, content in ours.items():
        target = folder / path
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            changed.append(path.as_posix())
    for file in sorted((folder / "stages").glob("*.py")):
        if file.relative_to(folder) not in ours:
            file.unlink()
            changed.append(f"{file.relative_to(folder).as_posix()} (removed)")
    return changed


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.name == _GITIGNORE and target.is_file():
        before = target.read_text(encoding="utf-8")
        absent = [line for line in content.decode("utf-8").splitlines() if line not in before.splitlines()]
        content = "\n".join([before.rstrip("\n"), *absent, ""]).lstrip("\n").encode()
    target.write_bytes(content)


def _initialised(folder: Path, with_dvc: bool) -> list[str]:
    """`git init`, unless the folder is in a repository, or there is no git; then `dvc init`, if asked."""
    if with_dvc:
        try:
            from dvc.exceptions import DvcException
            from dvc.repo import Repo
        except ModuleNotFoundError:
            raise UserError(f"stages run in DVC, which is not installed; {install('pipeline')}") from None
        logging.getLogger("dvc").setLevel(logging.WARNING)  # what it did is said by the command
    folder.mkdir(parents=True, exist_ok=True)
    done = []
    if shutil.which("git") is not None and _repository(folder) is None:
        ended = subprocess.run(("git", "init", "-q"), cwd=folder, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise UserError(f"{folder}: git init failed ({' '.join(ended.stderr.split())})")
        done.append("git")
    if with_dvc:
        top = _repository(folder)
        try:
            Repo.init(
                str(folder), no_scm=top is None, subdir=top is not None and top != folder.resolve()
            ).close()
        except DvcException as error:
            raise UserError(f"{folder}: dvc init: {' '.join(str(error).split())}") from None
        done.append("DVC")
    return done


def _repository(folder: Path) -> Path | None:
    """The top of the repository that the folder is in; None where it is in none, or there is no git."""
    if shutil.which("git") is None:
        return None
    asked = ("git", "rev-parse", "--show-toplevel")
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)
    return None if done.returncode else Path(done.stdout.strip())
