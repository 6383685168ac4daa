"""The DAG as dvc.yaml states it, with what each stage has left on disk and what it took here.

DVC refuses dvc.yaml as a dependency; it watches the stages themselves.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pacl_core.files.json_csv import read_json


@dataclass(frozen=True)
class Took:
    """Of all instances of a stage, as last run on this machine: sums, and the largest memory."""

    seconds: float
    cpu_seconds: float
    peak_memory_mb: int


@dataclass(frozen=True)
class Stage:
    """One name in dvc.yaml. `after`: the stages it reads from. `built` of its `outs` are on disk.

    `instances`: how often it stands in the DAG, where it is made per data set, protocol or variant.
    """

    name: str
    says: str
    after: tuple[str, ...]
    outs: tuple[str, ...]
    built: int
    instances: int
    files: int
    size: int
    took: Took | None = field(default=None)


def read_stages(root: Path) -> list[Stage]:
    """In the order of dvc.yaml; none where there is no such file."""
    if not (root / "dvc.yaml").is_file():
        return []
    written = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    bodies = {name: body.get("do", body) for name, body in written.items()}
    outs = {name: _paths(body, "outs") + _paths(body, "metrics") for name, body in bodies.items()}
    # models/* of a stage with wildcards is not models/pacl of another
    named = {root / out for written in outs.values() for out in written if "*" not in out}
    return [
        _stage(root, name, body, after=_after(name, _paths(body, "deps"), outs), outs=outs[name], named=named)
        for name, body in bodies.items()
    ]


def _stage(
    root: Path,
    name: str,
    body: dict[str, Any],
    *,
    after: tuple[str, ...],
    outs: tuple[str, ...],
    named: set[Path],
) -> Stage:
    # `<set>.parquet` would take `<set>_rejected.parquet` too, hence sets of files
    found = {
        out: sorted(path for path in root.glob(out) if "*" not in out or _is_of(path, named)) for out in outs
    }
    files = {file for paths in found.values() for path in paths for file in _files(path)}
    return Stage(
        name=name,
        says=str(body.get("desc", "")),
        after=after,
        outs=outs,
        built=sum(bool(paths) for paths in found.values()),
        instances=min((len(paths) for out, paths in found.items() if "*" in out), default=1),
        files=len(files),
        size=sum(file.stat().st_size for file in files),
        took=_took(root / ".pacl/timings", name),
    )


def _is_of(path: Path, named: set[Path]) -> bool:
    """Whether a path that a wildcard found is the stage's own: not git's, not named by another stage."""
    return path not in named and not path.name.startswith(".")


def _paths(body: dict[str, Any], key: str) -> tuple[str, ...]:
    """Paths of a list in dvc.yaml, `${...}` as a wildcard."""
    entries = [next(iter(one)) if isinstance(one, dict) else one for one in body.get(key, [])]
    return tuple(re.sub(r"\$\{[^}]*\}", "*", entry) for entry in entries)


def _after(name: str, deps: tuple[str, ...], outs: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(
        other
        for other, written in outs.items()
        if other != name and any(_overlap(dep, out) for dep in deps for out in written)
    )


def _overlap(dep: str, out: str) -> bool:
    """Whether one is the other or lies in it."""
    a, b = dep.split("/"), out.split("/")
    return all(_same(one, two) for one, two in zip(a, b, strict=False)) and "*" not in (dep, out)


def _same(one: str, two: str) -> bool:
    """Whether names can be the same, `*` standing for any part; of two patterns, whether they are one."""
    if "*" in one and "*" in two:
        return one == two
    pattern, text = (one, two) if "*" in one else (two, one)
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None


def _files(path: Path) -> list[Path]:
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]


def _took(folder: Path, stage: str) -> Took | None:
    records = [read_json(path) for path in sorted(folder.glob("*.json"))]
    own = [record for record in records if record.get("stage") == stage]
    if not own:
        return None
    return Took(
        seconds=sum(record["seconds"] for record in own),
        cpu_seconds=sum(record["cpu_seconds"] for record in own),
        peak_memory_mb=max(record["peak_memory_mb"] for record in own),
    )
