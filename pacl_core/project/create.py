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
_OF_THE_VERSION = ("stages/", "dvc.yaml")  # fit the installed package; all else is the user's


class Written(NamedTuple):
    """Number of files written, and what was initialised: "git", "DVC"."""

    files: int
    initialised: list[str]


def create(folder: Path, files: Mapping[Path, bytes]) -> Written:
    """Write `files`, by path in the folder, and initialise git and DVC where they are not.

    Raises `UserError` where one of the files is there already; .gitignore is completed.
    """
    taken = [path for path in files if path.name != _GITIGNORE and os.path.lexists(folder / path)]
    if taken:
        hint = (
            "; --update brings stages/ and dvc.yaml to the installed version"
            if (folder / "dvc.yaml").exists()
            else ""
        )
        raise UserError(f"{folder / taken[0]}: already there{hint}")
    version_control = _version_control(folder)  # before anything is written
    for path, content in files.items():
        _write(folder / path, content)
    return Written(len(files), version_control + _with_dvc(folder))


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


def _version_control(folder: Path) -> list[str]:
    """`git init`, unless the folder is in a repository, or there is no git."""
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.which("git") is None or _repository(folder) is not None:
        return []
    done = subprocess.run(("git", "init", "-q"), cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{folder}: git init failed ({' '.join(done.stderr.split())})")
    return ["git"]


def _repository(folder: Path) -> Path | None:
    asked = ("git", "rev-parse", "--show-toplevel")
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)
    return None if done.returncode else Path(done.stdout.strip())


def _with_dvc(folder: Path) -> list[str]:
    """`dvc init`, unless it is there: no usage statistics, and git's index is the user's."""
    if (folder / ".dvc").is_dir():
        return []
    try:
        from dvc.exceptions import DvcException
        from dvc.repo import Repo
    except ModuleNotFoundError:
        raise UserError(f"the pipeline runs in DVC, which is not installed; {install('pipeline')}") from None
    logging.getLogger("dvc").setLevel(logging.WARNING)  # what it did is said by us
    top = _repository(folder) if shutil.which("git") else None
    try:
        with (
            Repo.init(
                str(folder), no_scm=top is None, subdir=top is not None and top != folder.resolve()
            ) as repo,
            repo.config.edit() as config,
        ):
            config["core"] |= {"analytics": False, "autostage": False}
    except DvcException as error:
        raise UserError(f"{folder}: dvc init: {' '.join(str(error).split())}") from None
    return ["DVC"]
