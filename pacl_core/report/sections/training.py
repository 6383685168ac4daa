"""Training curves from dvclive's tables: the series of one folder (loss terms, rates) share a chart."""

from pathlib import Path, PurePosixPath
from typing import Any

from pacl_core.partitions import PARTITIONS
from pacl_core.report.charts.curves import Series, curves
from pacl_core.report.reading import optional_columns

_OTHERS = ("accent", "second", "third", "fourth")


def training(root: Path) -> list[dict[str, Any]] | None:
    """Charts with their legends; None where there are no curves."""
    folder = root / "training/plots/metrics"
    groups: dict[str, dict[str, dict[str, list[float]]]] = {}
    for path in sorted(folder.rglob("*.tsv")):
        table = optional_columns(path, delimiter="\t")
        if table is not None:
            name = path.relative_to(folder).with_suffix("").as_posix()
            folder_name = PurePosixPath(name).parent.as_posix()
            groups.setdefault(name if folder_name == "." else folder_name, {})[name] = table
    loss_first = sorted(groups, key=lambda title: (not title.startswith("loss"), title))
    return [_chart(title, groups[title]) for title in loss_first] or None


def _chart(title: str, members: dict[str, dict[str, list[float]]]) -> dict[str, Any]:
    series: list[Series] = []
    legend: list[tuple[str, str]] = []
    for name, table in members.items():
        column = next(key for key in table if key not in ("step", "timestamp"))
        short = PurePosixPath(name).name
        used = [colour for colour, _ in legend]
        colour = _colour(short, used)
        series.append((colour, table["step"], table[column]))
        legend.append((colour, short.replace("_", " ")))
    return {"title": title, "legend": legend, "chart": curves(title, series, title.replace("_", " "))}


def _colour(name: str, used: list[str]) -> str:
    """A partition's own colour where the series is of one."""
    for partition in sorted(PARTITIONS, key=len, reverse=True):
        if partition in name and partition not in used:
            return partition
    return next((colour for colour in _OTHERS if colour not in used), "accent")
