"""The last commit of a project, and the artefacts that DVC keeps of it."""

import subprocess
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Commit:
    """`name`: its short hash; `changed`: tracked files differ from it."""

    folder: Path
    name: str
    changed: bool

    def __str__(self) -> str:
        return f"{self.name} + changes" if self.changed else self.name


def last_commit(folder: Path) -> Commit | None:
    """The commit that the project in `folder` is at; None without git or without a commit."""
    if not (said := _git(folder, "describe", "--always", "--exclude=*", "--abbrev=7", "--dirty=+")):
        return None
    name = said.decode().strip()
    return Commit(folder, name.removesuffix("+"), name.endswith("+"))


def committed_file(commit: Commit, path: str) -> Path | None:
    """The file of DVC's cache that `path`, an output of a stage, was at the commit.

    None where dvc.lock of the commit has no such output, or the cache no longer has its bytes.
    """
    lock = _git(commit.folder, "show", "HEAD:./dvc.lock")
    if lock is None:
        return None
    stages: dict[str, Any] = (yaml.load(lock, Loader=_LOADER) or {}).get("stages", {})
    found = (out for stage in stages.values() for out in stage.get("outs", ()) if out["path"] == path)
    md5 = next((out.get("md5", "") for out in found), "")
    kept = _cache(commit.folder) / "files/md5" / md5[:2] / md5[2:]
    return kept if md5 and kept.is_file() else None


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml, where PyYAML was built with it


def _cache(folder: Path) -> Path:
    """The cache of DVC: `cache.dir` of its settings, relative to them, else its usual place."""
    settings = ConfigParser(interpolation=None)
    settings.read((folder / ".dvc/config", folder / ".dvc/config.local"))
    return folder / ".dvc" / settings.get("cache", "dir", fallback="cache")


def _git(folder: Path, *asked: str) -> bytes | None:
    """What git prints, None where it cannot tell."""
    try:
        ended = subprocess.run(("git", *asked), cwd=folder, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return ended.stdout if ended.returncode == 0 else None
