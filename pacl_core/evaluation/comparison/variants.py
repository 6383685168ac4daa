"""Variants side by side, with the paired bootstrap of each against the first (the baseline)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.evaluation.metrics import headline
from pacl_core.evaluation.metrics.baselines import main_baseline
from pacl_core.evaluation.metrics.draws import bootstrap_of
from pacl_core.evaluation.metrics.intervals import Resampled, interval
from pacl_core.evaluation.metrics.verdicts import Items, with_verdict
from pacl_core.evaluation.predictions import Predictions, read_predictions
from pacl_core.evaluation.summary_file import read_summary
from pacl_core.files.json_csv import result_name

Comparison = dict[str, Any]

UNTRAINED = "initial"  # no seed of training to speak of

_ROW = pa.schema(
    [(name, pa.string()) for name in ("dataset", "protocol", "task", "metric", "variant")]
    + [(name, pa.float64()) for name in ("mean", "std", "low", "high")]
    + [(name, pa.float64()) for name in ("difference", "difference_low", "difference_high")]
    + [("reason", pa.string()), ("verdict", pa.string())]
    + [("baseline", pa.string()), ("baseline_value", pa.float64())]
    + [(name, pa.float64()) for name in ("over_baseline", "over_baseline_low", "over_baseline_high")]
    + [(name, pa.float64()) for name in ("std_by_items", "std_by_training_seeds")]
)
_VALUES = ("mean", "std", "low", "high")
_KEPT = (*_VALUES, "reason", "per_training_seed")
_ABSENT = dict.fromkeys(_VALUES) | {"reason": "not evaluated"}


def compare(
    folder: Path, dataset: str, protocol: str, *, variants: Sequence[str], resamples: int
) -> Comparison:
    """One data set under one protocol, every variant: a JSON value.

    `folder` holds `<dataset>-<protocol>-<variant>.parquet` and `.json`, of the stages evaluate and measure.
    Gives `dataset, protocol, variants, backbones, not_applicable {variant: reason}, excluded_test_items` and
    `tasks`: for each its `task`, `test_items`, what each variant has `chosen`, and `figures`: per metric
    `variants {variant: {mean, std, low, high[, reason]}}`, `differences {variant: {value, low, high,
    verdict, std_by, mostly_by}}` from the first variant, where both have a value, and `baselines {name:
    {value, differences}}` with those of each variant from that baseline. `std_by {items, training_seeds}` of
    a difference is its standard deviation by each of these, None for the seeds where a variant was trained
    only once; `mostly_by` names the larger. A variant that was trained several times also has
    `per_training_seed`. Of three variants or more, `figures` also has `controls {variant: ..}`, such
    differences of the second variant from each later one.
    Raises `UserError` where an evaluation is missing, or two have different test items.
    """
    stems = {variant: folder / f"{dataset}-{protocol}-{variant}" for variant in variants}
    summaries = {
        variant: read_summary(stem.with_name(f"{stem.name}.json")) for variant, stem in stems.items()
    }
    given = {v: one for v, one in summaries.items() if one["not_applicable"] is None}
    names = list(dict.fromkeys(name for one in given.values() for name in one["tasks"]))
    return {
        "dataset": dataset,
        "protocol": protocol,
        "variants": list(variants),
        "backbones": {variant: one["backbone"] for variant, one in summaries.items()},
        "not_applicable": {v: one["not_applicable"] for v, one in summaries.items() if v not in given},
        "excluded_test_items": max((one["excluded_test_items"] for one in given.values()), default=0),
        "tasks": {
            name: _compared(name, given, stems, variants=variants, resamples=resamples) for name in names
        },
    }


def comparison_table(comparisons: Sequence[Comparison]) -> pa.Table:
    """Tidy rows, one per task, metric and variant; a variant without a value has its `reason`.

    A variant that a protocol cannot evaluate has a row for each metric of the others; where no variant can
    be evaluated, each has one row without task and metric.
    """
    rows = []
    for one in comparisons:
        key = {"dataset": one["dataset"], "protocol": one["protocol"]}
        for name, task in one["tasks"].items():
            for metric, compared in task["figures"].items():
                for variant in one["variants"]:
                    row = key | {"task": name, "metric": metric, "variant": variant}
                    entry = compared["variants"].get(variant, _ABSENT)
                    change = compared["differences"].get(variant, {})
                    row |= {name: entry[name] for name in _VALUES}
                    row |= {"reason": one["not_applicable"].get(variant, entry.get("reason"))}
                    row |= {"difference": change.get("value")}
                    row |= {f"difference_{end}": change.get(end) for end in ("low", "high")}
                    row |= {"verdict": change.get("verdict")} | _baseline_cells(compared, variant)
                    row |= {f"std_by_{source}": std for source, std in change.get("std_by", {}).items()}
                    rows.append(row)
        if not one["tasks"]:
            rows += [key | {"variant": v, "reason": why} for v, why in one["not_applicable"].items()]
    return pa.Table.from_pylist(rows, schema=_ROW)


def _baseline_cells(compared: Mapping[str, Any], variant: str) -> dict[str, Any]:
    name = main_baseline(compared["baselines"])
    if name is None:
        return {}
    baseline = compared["baselines"][name]
    over = baseline["differences"].get(variant, {})
    cells = {"baseline": name, "baseline_value": baseline["value"], "over_baseline": over.get("value")}
    return cells | {f"over_baseline_{end}": over.get(end) for end in ("low", "high")}


def _compared(
    name: str,
    given: Mapping[str, dict[str, Any]],
    stems: Mapping[str, Path],
    *,
    variants: Sequence[str],
    resamples: int,
) -> dict[str, Any]:
    """One task over the variants that have it."""
    baseline = variants[0]
    entries = {variant: one["tasks"][name] for variant, one in given.items() if name in one["tasks"]}
    first = next(iter(entries.values()))
    boot = _resampled(Task.from_json(first["task"]), stems, entries, resamples=resamples)
    items = Items(first["test_items"], *first["class_items"])
    metrics: dict[str, Any] = {}
    for variant, entry in entries.items():
        for metric, found in entry["figures"].items():
            compared = metrics.setdefault(metric, {"variants": {}, "differences": {}, "baselines": {}})
            kept = {key: found[key] for key in _KEPT if key in found}
            compared["variants"][variant] = kept
            _add_baselines(compared["baselines"], entry["baselines"], metric, variant=variant)
            change = _difference(variant, baseline, metric, means=compared["variants"], boot=boot)
            if change is not None:
                compared["differences"][variant] = with_verdict(metric, change, items)
            if variant in variants[2:]:
                change = _difference(variants[1], variant, metric, means=compared["variants"], boot=boot)
                if change is not None:
                    compared.setdefault("controls", {})[variant] = with_verdict(metric, change, items)
    return {
        "task": first["task"],
        "test_items": first["test_items"],
        "chosen": {variant: entry["chosen"] for variant, entry in entries.items()},
        "figures": metrics,
    }


def _add_baselines(
    compared: dict[str, Any], measured: Mapping[str, Any], metric: str, *, variant: str
) -> None:
    """Note what the constant predictions have of this metric, and by how much the variant exceeds each."""
    for name, of_metrics in measured.items():
        if (found := of_metrics.get(metric)) is not None:
            entry = compared.setdefault(name, {"value": found["value"], "differences": {}})
            if found["difference"] is not None:
                entry["differences"][variant] = found["difference"]


def _difference(
    variant: str,
    base: str,
    metric: str,
    *,
    means: Mapping[str, Mapping[str, Any]],
    boot: Mapping[str, dict[str, Resampled]],
) -> dict[str, Any] | None:
    """`variant` minus `base`, as in `compare`; None where one has no value, or both are the same."""
    one, other = (means.get(name, {}).get("mean") for name in (variant, base))
    if variant == base or one is None or other is None:
        return None
    change = boot[variant][metric] - boot[base][metric]
    low, high = interval(change) or (None, None)
    known = all(name == UNTRAINED or boot[name][metric].seeds for name in (variant, base))
    std_by = {"items": change.item_deviation, "training_seeds": change.seed_variance**0.5 if known else None}
    found = {source: std for source, std in std_by.items() if std is not None}
    mostly = max(found, key=lambda source: found[source]) if len(found) == len(std_by) else None
    return {"value": one - other, "low": low, "high": high, "std_by": std_by, "mostly_by": mostly}


def _resampled(
    task: Task, stems: Mapping[str, Path], entries: Mapping[str, dict[str, Any]], *, resamples: int
) -> dict[str, dict[str, Resampled]]:
    """Each variant's metrics on the same resamples; empty where there is no pair to compare."""
    if len(entries) < 2:
        return {}
    first = next(iter(entries))
    tests = {
        variant: read_predictions(
            stems[variant].with_name(f"{stems[variant].name}.parquet"), task.name, "test"
        )
        for variant in entries
    }
    for variant, test in tests.items():
        if not _same_items(test, tests[first]):
            raise UserError(
                f"{stems[variant]}.parquet: not the test items of {stems[first]}.parquet; "
                "run 'dvc repro evaluate' again"
            )
    return {v: bootstrap_of(task, test, entries[v]["chosen"], count=resamples) for v, test in tests.items()}


def _same_items(one: Predictions, other: Predictions) -> bool:
    return one.item_ids == other.item_ids and np.array_equal(one.target, other.target, equal_nan=True)


_CHANGE = {"difference": "value", "low": "low", "high": "high"}


def results(
    comparisons: Sequence[Comparison], published: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, float]]:
    """File name -> row, of each task's headline metric and of each metric that was published.

    A row has each variant's mean, `difference`, `low`, `high`, the value of the main `baseline`,
    `published_<variant>` and `<variant>_minus_published`. The second variant has the plain names, a further
    one prefixes them with its own; the controls are `<second>_minus_<further>`, with `_low` and `_high`. What
    is undefined, or was not published, is left out.
    """
    printed: dict[str, dict[str, float]] = {}
    for row in published:
        name = result_name(row["dataset"], row["protocol"], row["task"], metric=row["metric"])
        entry = {f"published_{row['variant']}": row["published"]}
        if row["difference"] is not None:
            entry[f"{row['variant']}_minus_published"] = row["difference"]
        printed[name] = entry | printed.get(name, {})
    found = {}
    for one in comparisons:
        for task, entry in one["tasks"].items():
            first = headline(Task.from_json(entry["task"]))
            for metric, compared in entry["figures"].items():
                name = result_name(one["dataset"], one["protocol"], task, metric=metric)
                if metric == first or name in printed:
                    found[name] = _row(compared, one["variants"]) | printed.get(name, {})
    return {name: row for name, row in found.items() if row}


def _row(compared: Mapping[str, Any], variants: Sequence[str]) -> dict[str, float]:
    row = {variant: entry["mean"] for variant, entry in compared["variants"].items()}
    for variant, change in compared["differences"].items():
        prefix = "" if variant == variants[1] else f"{variant}_"
        row |= {f"{prefix}{name}": change[key] for name, key in _CHANGE.items()}
    if (name := main_baseline(compared["baselines"])) is not None:
        row["baseline"] = compared["baselines"][name]["value"]
    for variant, change in compared.get("controls", {}).items():
        name = f"{variants[1]}_minus_{variant}"
        row |= {name: change["value"], f"{name}_low": change["low"], f"{name}_high": change["high"]}
    return {name: value for name, value in row.items() if value is not None}
