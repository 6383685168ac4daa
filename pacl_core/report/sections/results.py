"""The comparison of variants, as the compare stage computed it."""

from typing import Any

from pacl_core.report.charts.svg import difference
from pacl_core.report.metric_labels import MetricLabel, main_metric, metric_label
from pacl_core.report.reading import Artefacts, optional_json
from pacl_core.report.sections.few_labels import learning_curves
from pacl_core.report.sections.task_details import task_details

_CARDS = 6  # one row or two; the overview has every task


def results(artefacts: Artefacts) -> list[dict[str, Any]] | None:
    """One entry per data set and protocol; None where nothing was compared."""
    comparisons = optional_json(artefacts.metrics / "comparison.json")
    if comparisons is None:
        return None
    return [_evaluation(artefacts, comparison) for comparison in comparisons]


def main_results(evaluations: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The first few rows of the overview that have a difference with an interval."""
    rows = [row for row in overview(evaluations) if row["changes"] and row["changes"][0]["low"]]
    return rows[:_CARDS]


def overview(evaluations: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The row of the main metric of every task of every evaluation."""
    return [
        {"dataset": one["dataset"], "protocol": one["protocol"], "task": task["name"], **task["rows"][0]}
        for one in evaluations or []
        for task in one["tasks"]
        if task["rows"]
    ]


def _evaluation(artefacts: Artefacts, comparison: dict[str, Any]) -> dict[str, Any]:
    variants = comparison["variants"]
    stem = f"{comparison['dataset']}-{comparison['protocol']}"
    shown = [variant for variant in variants[:2] if variant not in comparison["not_applicable"]]
    summaries = {variant: optional_json(artefacts.evaluation / f"{stem}-{variant}.json") for variant in shown}
    tasks = []
    for name, task in comparison["tasks"].items():
        found = {v: one["tasks"].get(name, {}).get("details") for v, one in summaries.items() if one}
        tasks.append(
            {
                "name": name,
                "prompt": next((c["prompt"] for c in task["chosen"].values() if c.get("prompt")), None),
                "test_items": task["test_items"],
                "folds": max((len(c.get("folds", ())) for c in task["chosen"].values()), default=0),
                "rows": _rows(task, variants),
                "details": task_details({v: details for v, details in found.items() if details}),
            }
        )
    return {
        "dataset": comparison["dataset"],
        "protocol": comparison["protocol"],
        "variants": variants,
        "not_applicable": comparison["not_applicable"],
        "excluded": comparison["excluded_test_items"],
        "test_items": max((task["test_items"] for task in tasks), default=0),
        "folds": max((task["folds"] for task in tasks), default=0),
        "tasks": tasks,
        "curves": learning_curves(comparison),
    }


def _rows(task: dict[str, Any], variants: list[str]) -> list[dict[str, Any]]:
    """The main metric first, then by the order of `metric_labels.METRICS`."""
    metrics = task["figures"]
    first = main_metric(task["task"], metrics)
    names = sorted(metrics, key=lambda name: (name != first, metric_label(name).rank, name.count("_"), name))
    return [_row(metric_label(name), metrics[name], variants) for name in names]


def _row(label: MetricLabel, metric: dict[str, Any], variants: list[str]) -> dict[str, Any]:
    """`values` per variant: the mean, then the spread over seeds and the ends of the interval, or None."""
    entries = [metric["variants"].get(variant, {}) for variant in variants]
    return {
        "label": label,
        "values": [(label.shown(one.get("mean")), *_spread(label, one)) for one in entries],
        "reason": next((one["reason"] for one in entries if one.get("reason")), None),
        "changes": [_change(label, metric["differences"].get(variant)) for variant in variants[1:]],
    }


def _spread(label: MetricLabel, entry: dict[str, Any]) -> list[str | None]:
    given = (entry.get(name) for name in ("std", "low", "high"))
    return [None if value is None else label.shown(value) for value in given]


def _change(label: MetricLabel, change: dict[str, Any] | None) -> dict[str, Any]:
    """`verdict` in words; `low` is None where there is no interval."""
    shown = {"value": None, "low": None, "high": None, "verdict": "undefined", "chart": None}
    if change is None:
        return shown
    value, low, high = change["value"], change["low"], change["high"]
    shown["value"] = label.signed(value)
    if low is None or high is None:
        return shown
    verdict = _verdict(low, high, label.better)
    chart = difference(value, low, high, verdict=verdict)
    return {
        "value": label.signed(value),
        "low": label.signed(low),
        "high": label.signed(high),
        "verdict": verdict,
        "chart": chart,
    }


def _verdict(low: float, high: float, better: str | None) -> str:
    """In words: an interval that includes zero shows no change in either direction."""
    if low <= 0 <= high:
        return "unclear"
    if better is None:
        return "changed"
    return "better" if (low > 0) == (better == "higher") else "worse"


_CAPTIONS = {
    1: "Table 1: enhancement",
    2: "Table 2: each level alone",
    3: "Table 3: zero-shot",
}


def published(artefacts: Artefacts) -> list[dict[str, Any]]:
    """A table per table of the paper and protocol: a row per metric, published, ours and the difference."""
    tables: dict[tuple[int, str], dict[str, Any]] = {}
    for row in optional_json(artefacts.metrics / "published.json") or []:
        caption = f"{_CAPTIONS[row['table']]} ({row['backbone']}, {row['protocol'].replace('_', '-')})"
        key = row["table"], f"{row['backbone']} {row['protocol']}"
        table = tables.setdefault(key, {"caption": caption, "methods": [], "rows": {}})
        if row["method"] not in table["methods"]:
            table["methods"].append(row["method"])
        label = metric_label(row["metric"])
        line = table["rows"].setdefault(
            (row["dataset"], row["task"], row["metric"]),
            {"dataset": row["dataset"], "task": row["task"], "label": label, "cells": {}},
        )
        line["cells"][row["method"]] = (
            label.shown(row["published"]),
            label.shown(row["ours"]),
            "" if row["difference"] is None else label.signed(row["difference"]),
        )
    return [table | {"rows": list(table["rows"].values())} for table in tables.values()]
