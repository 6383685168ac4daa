"""Variants side by side, with the paired bootstrap of each against the first (the baseline)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pacl_core.artefacts.json_file import read_json
from pacl_core.errors import UserError
from pacl_core.evaluation.intervals import bootstrap, interval
from pacl_core.evaluation.metrics import HEADLINE
from pacl_core.evaluation.predictions import read_predictions
from pacl_core.evaluation.tasks import Task

Row = dict[str, Any]


def compare(
    folder: Path, dataset: str, protocol: str, variants: Sequence[str], tasks: list[Task], resamples: int
) -> list[Row]:
    """Tidy rows, one per task, metric and variant; the baseline has no `difference` (None).

    `folder` holds `<dataset>-<protocol>-<variant>.json` and `.parquet` as the evaluate stage wrote them.
    """
    stems = {variant: folder / f"{dataset}-{protocol}-{variant}" for variant in variants}
    figures = {variant: _figures(stem.with_name(f"{stem.name}.json")) for variant, stem in stems.items()}
    rows: list[Row] = []
    for task in tasks:
        differences = _differences(task, stems, resamples)
        for metric in figures[variants[0]][task.name]:
            for variant in variants:
                entry = figures[variant][task.name][metric]
                row: Row = {"dataset": dataset, "protocol": protocol, "task": task.name, "metric": metric}
                row |= {"variant": variant} | {key: entry[key] for key in ("mean", "std", "low", "high")}
                row |= {"difference": None, "difference_low": None, "difference_high": None}
                base = figures[variants[0]][task.name][metric]["mean"]
                if variant != variants[0] and entry["mean"] is not None and base is not None:
                    row["difference"] = entry["mean"] - base
                    bounds = interval(differences[variant][metric])
                    row["difference_low"], row["difference_high"] = bounds or (None, None)
                rows.append(row)
    return rows


def comparison_tree(rows: list[Row], variants: Sequence[str]) -> dict[str, Any]:
    """`<dataset>-<protocol>`: task: metric: each variant's mean and `_std`, `difference`, `low`, `high`.

    The plain names belong to the second variant; any further one prefixes them with its own name.
    """
    tree: dict[str, Any] = {}
    for row in rows:
        tasks = tree.setdefault(f"{row['dataset']}-{row['protocol']}", {})
        leaf = tasks.setdefault(row["task"], {}).setdefault(row["metric"], {})
        variant = row["variant"]
        leaf |= {variant: row["mean"], f"{variant}_std": row["std"]}
        if variant != variants[0]:
            prefix = "" if variant == variants[1] else f"{variant}_"
            for short, key in (("", "difference"), ("low", "difference_low"), ("high", "difference_high")):
                leaf[f"{prefix}{short or key}"] = row[key]
    return tree


def headline_tree(tree: dict[str, Any], dataset: str, protocol: str, tasks: list[Task]) -> dict[str, Any]:
    """Of one evaluation in `tree`, the headline figure of each task, without standard deviations."""
    figures = tree[f"{dataset}-{protocol}"]
    return {
        task.name: {
            metric: {
                name: value for name, value in figures[task.name][metric].items() if not name.endswith("_std")
            }
        }
        for task in tasks
        if (metric := HEADLINE[task.kind]) in figures[task.name]
    }


def _figures(path: Path) -> dict[str, Any]:
    try:
        tasks: dict[str, Any] = read_json(path)["tasks"]
    except FileNotFoundError:
        raise UserError(f"{path}: missing; run 'dvc repro evaluate'") from None
    return tasks


def _differences(task: Task, stems: dict[str, Path], resamples: int) -> dict[str, dict[str, Any]]:
    """Per compared variant and metric: its mean over seeds minus the baseline's, on the same resamples."""
    paths = {variant: stem.with_name(f"{stem.name}.parquet") for variant, stem in stems.items()}
    tests = {variant: read_predictions(path, task.name, "test") for variant, path in paths.items()}
    baseline, *others = stems
    for variant in others:
        same = tests[variant].item_ids == tests[baseline].item_ids
        if not same or not np.array_equal(tests[variant].target, tests[baseline].target):
            raise UserError(
                f"{paths[variant]}: not the test items of {paths[baseline]}; run 'dvc repro evaluate' again"
            )
    boot = {v: bootstrap(task, t.target, t.prediction, resamples, seed=0) for v, t in tests.items()}
    return {v: {name: boot[v][name] - boot[baseline][name] for name in boot[v]} for v in others}
