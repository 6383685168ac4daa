"""pacl results: the comparison of variants as a table in the terminal."""

import json
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pacl_core.cli.arguments import AsJson
from pacl_core.errors import UserError

_HEADS = ("task", "metric", "variant", "value", "before", "difference", "verdict")
_RIGHT = (3, 4)  # the columns of numbers
_BEFORE = 4  # left out where nothing changed since the last commit
_Row = tuple[str, str, str, str, str, str, str]
_Values = dict[tuple[str, ...], str]  # data set, protocol, task, metric, variant -> value as shown


def results(
    every: Annotated[bool, typer.Option("--all", help="All metrics, not only each task's main one.")] = False,
    metrics: Annotated[Path, typer.Option(help="Folder of the project's metrics.")] = Path("metrics"),
    *,
    as_json: AsJson = False,
) -> None:
    """What was evaluated: every variant, its difference from the first with its 95 % interval, baselines.

    A difference is called better or worse only if its interval leaves out zero, and only with enough test
    items. Values of metrics in % are in percent, their differences in percentage points. Where the project is
    in git, the first line tells the run, and 'before' is what a value was at the last commit, if another.

    \b
    Examples:
      pacl results
      pacl results --all
      pacl results --json | jq '.[] | select(.metric == "accuracy")'
    """
    path = metrics / "comparison.json"
    if not path.is_file():
        raise UserError(f"{path}: nothing was evaluated; run 'dvc repro' from the project's root")

    from pacl_core.files.json_csv import read_json
    from pacl_core.report.sections.results import compared

    comparisons = read_json(path)
    if not comparisons:
        raise UserError(f"{path}: no data set was evaluated; name one under 'downstream' in params.yaml")
    if as_json:
        print(json.dumps(_numbers(comparisons, every), ensure_ascii=False))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    found = compared(path) or []
    before = _run(metrics, path)
    blocks = (_block(one, every, width, before=before) for one in found)
    print("\n\n".join("\n".join(lines) for lines in blocks))


def _run(metrics: Path, path: Path) -> _Values:
    """Print which run this is; returns the values of the last commit."""
    from pacl_core.project.committed import committed_file, last_commit

    commit = last_commit(metrics.resolve().parent)
    if commit is None:
        return {}
    written = datetime.fromtimestamp(path.stat().st_mtime)
    print(f"run of {commit}, {written:%Y-%m-%d %H:%M}\n")
    kept = committed_file(commit, f"{metrics.resolve().name}/{path.name}")
    if kept is None or kept.read_bytes() == path.read_bytes():
        return {}
    return _values(kept)


def _values(comparison: Path) -> _Values:
    """Values of an earlier comparison, as they are shown."""
    from pacl_core.report.sections.results import compared

    return {
        (one["dataset"], one["protocol"], task["name"], row["label"].text, variant): row["values"][place][0]
        for one in compared(comparison) or []
        for task in one["tasks"]
        for row in task["rows"]
        for place, variant in enumerate(one["variants"])
    }


def _numbers(comparisons: list[dict[str, Any]], every: bool) -> list[dict[str, Any]]:
    """A value per task and metric, unrounded; differences as stored."""
    from pacl_core.report.metric_labels import main_metric

    return [
        {
            "dataset": one["dataset"],
            "protocol": one["protocol"],
            "task": name,
            "metric": metric,
            "values": {variant: entry["mean"] for variant, entry in figure["variants"].items()},
            "baselines": {baseline: entry["value"] for baseline, entry in figure["baselines"].items()},
            "differences": figure["differences"],
            "controls": figure.get("controls", {}),
        }
        for one in comparisons
        for name, task in one["tasks"].items()
        for metric, figure in task["figures"].items()
        if every or metric == main_metric(task["task"], task["figures"])
    ]


def _block(one: dict[str, Any], every: bool, width: int | None, *, before: _Values) -> list[str]:
    """The lines of a data set and protocol."""
    rows: list[_Row] = []
    for task in one["tasks"]:
        for number, row in enumerate(task["rows"] if every else task["rows"][:1]):
            named = (one["dataset"], one["protocol"], task["name"], row["label"].text)
            earlier = [before.get((*named, variant), "") for variant in one["variants"]]
            rows += _rows(row, one, earlier, task="" if number else task["name"])
    title = f"{one['dataset']}, {one['protocol'].replace('_', '-')}: {one['test_items']:,} test items"
    left_out = [f"{variant}: {reason}" for variant, reason in one["not_applicable"].items()]
    return [title, *(_table(rows, width) if rows else []), *left_out]


def _rows(row: dict[str, Any], one: dict[str, Any], earlier: list[str], *, task: str) -> list[_Row]:
    """A row per variant, per baseline, and per control that the judged variant is compared with."""
    variants, judged = one["variants"], one["judged"]
    label = row["label"]
    metric = f"{label.text}, %" if label.percent else label.text
    changes = [None, *row["changes"]]
    found: list[_Row] = []
    for place, name in enumerate(variants):
        difference, said = _difference(changes[place])
        said = "; ".join(word for word in (said, row["below"][place]) if word)
        value = row["values"][place][0]
        before = earlier[place] if earlier[place] != value else ""
        found.append((task, metric, name, value, before, difference, said))
        task = metric = ""
    if judged is not None:
        for name, change in row["controls"].items():
            difference, said = _difference(change)
            found.append(("", "", f"{variants[judged]} against {name}", "", "", difference, said))
    return found + [("", "", f"({name})", value, "", "", "") for name, value in row["baselines"]]


def _difference(change: dict[str, Any] | None) -> tuple[str, str]:
    if change is None or change["value"] is None:
        return "", ""
    if change["low"] is None:
        return change["value"], ""
    return f"{change['value']} [{change['low']}, {change['high']}]", change["said"]


def _table(rows: Sequence[_Row], width: int | None) -> list[str]:
    """Columns as wide as they need; where they do not fit, the verdict is on the next line."""
    whole: list[tuple[str, ...]] = [_HEADS, *rows]
    right: tuple[int, ...] = _RIGHT
    if not any(row[_BEFORE] for row in rows):
        whole, right = [row[:_BEFORE] + row[_BEFORE + 1 :] for row in whole], _RIGHT[:1]
    widths = [max(len(row[column]) for row in whole) for column in range(len(whole[0]))]
    narrow = width is not None and 2 + sum(widths) + 2 * (len(widths) - 1) > width
    lines = []
    for number, row in enumerate(whole):
        cells = [
            f"{cell:>{size}}" if column in right else f"{cell:<{size}}"
            for column, (cell, size) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(("  " + "  ".join(cells[:-1] if narrow else cells)).rstrip())
        if narrow and number and row[-1]:
            lines.append(f"      {row[-1]}")
    return lines
