"""What `dvc repro` would run again, and how long that took here last time."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pacl_core.errors import UserError
from pacl_core.models.local_files import drop_dangling
from pacl_core.project.installed_code import SUFFIX as HASHES

_ALWAYS = "always changed"  # DVC's word for a stage that runs every time; what is after it need not


@dataclass(frozen=True)
class StageToRun:
    """`why`: what changed; empty if only an earlier stage runs again. `seconds`: how long it took last time,
    if known."""

    name: str
    why: list[str]
    seconds: float | None


def stages_to_run(seconds: Mapping[str, float]) -> list[StageToRun]:
    """Changed stages and all stages after them, in the order in which they run.

    `seconds`: what each stage took the last time. A later stage is skipped if its inputs turn out unchanged.
    Raises `UserError` where DVC cannot read the project.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from networkx import descendants, topological_sort

    drop_dangling()  # links to weights that no longer exist would stop DVC
    try:
        with Repo() as repo:
            status = {name: states for name, states in repo.status().items() if states != [_ALWAYS]}
            changed = {name: _reasons(states) for name, states in status.items()}
            graph = repo.index.graph.reverse()  # DVC's edges point from a stage to those it needs
    except DvcException as error:
        raise UserError(f"dvc: {' '.join(str(error).split())}") from None
    wanted = set(changed)
    for stage in graph.nodes:
        if stage.addressing in changed:
            wanted |= {other.addressing for other in descendants(graph, stage)}
    order = [stage.addressing for stage in topological_sort(graph) if stage.addressing in wanted]
    return [StageToRun(name, changed.get(name, []), seconds.get(name)) for name in order]


def way_into_dvc(root: Path) -> str:
    """What to do if DVC cannot read the project at `root`."""
    if (root / ".dvc").is_dir() and not (root / ".git").exists():
        return "a copy without git history: run 'dvc config --local core.no_scm true' once, or 'make repro'"
    return "run from the project's root"


def _reasons(states: list[Any]) -> list[str]:
    """DVC's status of a stage ({"changed deps": {path: state}}, or "always changed") in words.

    Code files and missing files are only counted, as there may be many.
    """
    found: list[str] = []
    missing = code = 0
    for state in states:
        if not isinstance(state, dict):
            found.append(str(state))
            continue
        for paths in state.values():
            if not isinstance(paths, dict):
                found.append(str(paths))
                continue
            for path, how in paths.items():
                if isinstance(how, dict):  # params.yaml: {key: state}
                    found += [f"{key} {one}" for key, one in how.items()]
                elif how in ("deleted", "not in cache"):
                    missing += 1
                elif path.endswith((".py", HASHES)) or path.startswith("pacl_core/"):
                    code += 1
                else:
                    found.append(f"{path} {how}")
    for count, what in ((code, "of code changed"), (missing, "not there")):
        if count:
            found.append(f"{count} file{'s' if count > 1 else ''} {what}")
    return found
