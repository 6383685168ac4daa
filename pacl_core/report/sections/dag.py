"""The DAG: each stage with its state, the size of what it left, and what it took."""

from pathlib import Path
from typing import Any

from pacl_core.report.charts.dag import dag
from pacl_core.report.stages import Stage, read_stages

_OWN = "report"  # writes this page: what it leaves is not there yet


def stage_graph(root: Path) -> dict[str, Any] | None:
    """Image and table of the stages; None where there is no dvc.yaml."""
    stages = read_stages(root)
    if not stages:
        return None
    states = {stage.name: _state(stage) for stage in stages}
    known = [stage.took for stage in stages if stage.took is not None]
    rows = [
        {
            "name": stage.name,
            "says": stage.says,
            "state": states[stage.name],
            "instances": stage.instances,
            "outs": stage.outs,
            "files": None if stage.name == _OWN else stage.files,
            "size": None if stage.name == _OWN else size_text(stage.size),
            "seconds": stage.took and time_text(stage.took.seconds),
            "cpu_seconds": stage.took and time_text(stage.took.cpu_seconds),
            "peak_memory": stage.took and size_text(1e6 * stage.took.peak_memory_mb),
        }
        for stage in stages
    ]
    lines = {stage.name: _line(stage) for stage in stages}
    return {
        "chart": dag(stages, lines, states),
        "rows": rows,
        "size": size_text(sum(stage.size for stage in stages if stage.name != _OWN)),
        "seconds": time_text(sum(took.seconds for took in known)) if known else None,
        "cpu_seconds": time_text(sum(took.cpu_seconds for took in known)) if known else None,
        "not_timed": [
            stage.name for stage in stages if stage.took is None and stage.built and stage.name != _OWN
        ],
    }


def size_text(size: float) -> str:
    """Bytes with three digits and a unit."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def time_text(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"


def _state(stage: Stage) -> str:
    if stage.name == _OWN or stage.built == len(stage.outs):
        return "built"
    return "partly" if stage.built else "missing"


def _line(stage: Stage) -> str:
    if stage.name == _OWN:
        return "this page"
    if not stage.built:
        return "not there" if stage.instances else "not asked for"
    parts = [size_text(stage.size)]
    if stage.instances > 1:
        parts.insert(0, f"×{stage.instances}")
    if stage.took is not None:
        parts.append(time_text(stage.took.seconds))
    return " · ".join(parts)
