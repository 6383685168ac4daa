"""The comparison of variants, as the compare stage computed it."""

from pathlib import Path
from typing import Any

from pacl_core.report.charts.svg import difference
from pacl_core.report.figures import Metric, headline, metric
from pacl_core.report.reading import optional_json
from pacl_core.report.sections.task_details import task_details

_CARDS = 6  # of one row or two; the overview has every task


def results(root: Path) -> list[dict[str, Any]] | None:
    """One entry per data set and protocol; None where nothing was compared."""
    comparisons = optional_json(root / "metrics/comparison.json")
    if comparisons is None:
        return None
    return [_evaluation(root, comparison) for comparison in comparisons]


def headlines(evaluations: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Tasks' headline rows that have a difference, the first few."""
    rows = [row for row in overview(evaluations) if row["changes"] and row["changes"][0]["low"]]
    return rows[:_CARDS]


def overview(evaluations: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The headline row of every task of every evaluation."""
    return [
        {"dataset": one["dataset"], "protocol": one["protocol"], "task": task["name"], **task["rows"][0]}
        for one in evaluations or []
        for task in one["tasks"]
        if task["rows"]
    ]


def _evaluation(root: Path, comparison: dict[str, Any]) -> dict[str, Any]:
    variants = comparison["variants"]
    stem = f"{comparison['dataset']}-{comparison['protocol']}"
    shown = [variant for variant in variants[:2] if variant not in comparison["not_applicable"]]
    summaries = {variant: optional_json(root / f"evaluation/{stem}-{variant}.json") for variant in shown}
    tasks = []
    for name, task in comparison["tasks"].items():
        found = {v: one["tasks"].get(name, {}).get("details") for v, one in summaries.items() if one}
        tasks.append(
            {
                "name": name,
                "prompt": next((c["prompt"] for c in task["chosen"].values() if c.get("prompt")), None),
                "test_items": task["test_items"],
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
        "tasks": tasks,
    }


def _rows(task: dict[str, Any], variants: list[str]) -> list[dict[str, Any]]:
    """The headline figure first, then by the order of `figures.METRICS`."""
    figures = task["figures"]
    first = headline(task["task"], figures)
    names = sorted(figures, key=lambda name: (name != first, metric(name).rank, name.count("_"), name))
    return [_row(metric(name), figures[name], variants) for name in names]


def _row(named: Metric, figure: dict[str, Any], variants: list[str]) -> dict[str, Any]:
    """`values` per variant: the mean, and the spread over seeds and the interval's ends, None without."""
    entries = [figure["variants"].get(variant, {}) for variant in variants]
    return {
        "metric": named,
        "values": [(named.shown(one.get("mean")), *_spread(named, one)) for one in entries],
        "reason": next((one["reason"] for one in entries if one.get("reason")), None),
        "changes": [_change(named, figure["differences"].get(variant)) for variant in variants[1:]],
    }


def _spread(named: Metric, entry: dict[str, Any]) -> list[str | None]:
    given = (entry.get(name) for name in ("std", "low", "high"))
    return [None if value is None else named.shown(value) for value in given]


def _change(named: Metric, change: dict[str, Any] | None) -> dict[str, Any]:
    """`verdict` in words; `low` is None where there is no interval."""
    shown = {"value": None, "low": None, "high": None, "verdict": "undefined", "chart": None}
    if change is None:
        return shown
    value, low, high = change["value"], change["low"], change["high"]
    shown["value"] = named.signed(value)
    if low is None or high is None:
        return shown
    verdict = _verdict(low, high, named.better)
    chart = difference(value, low, high, verdict=verdict)
    return {
        "value": named.signed(value),
        "low": named.signed(low),
        "high": named.signed(high),
        "verdict": verdict,
        "chart": chart,
    }


def _verdict(low: float, high: float, better: str | None) -> str:
    """In words: an interval that holds zero shows no change in either direction."""
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


def beside_paper(root: Path) -> list[dict[str, Any]]:
    """One table per table of the paper and protocol: a row per figure, published, ours and difference."""
    tables: dict[tuple[int, str], dict[str, Any]] = {}
    for row in optional_json(root / "metrics/published.json") or []:
        caption = f"{_CAPTIONS[row['table']]} ({row['backbone']}, {row['protocol'].replace('_', '-')})"
        key = row["table"], f"{row['backbone']} {row['protocol']}"
        table = tables.setdefault(key, {"caption": caption, "methods": [], "rows": {}})
        if row["method"] not in table["methods"]:
            table["methods"].append(row["method"])
        named = metric(row["metric"])
        figure = table["rows"].setdefault(
            (row["dataset"], row["task"], row["metric"]),
            {"dataset": row["dataset"], "task": row["task"], "metric": named, "cells": {}},
        )
        figure["cells"][row["method"]] = (
            named.shown(row["published"]),
            named.shown(row["ours"]),
            "" if row["difference"] is None else named.signed(row["difference"]),
        )
    return [table | {"rows": list(table["rows"].values())} for table in tables.values()]
