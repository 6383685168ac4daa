"""The comparison of variants, as the compare stage computed it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pacl_core.report.charts.svg import Axis, difference, round_reach
from pacl_core.report.metric_labels import BASELINES, CHANCE, MetricLabel, main_metric, metric_label
from pacl_core.report.reading import Evaluated, optional_json
from pacl_core.report.sections.controls import ENHANCED, TOO_FEW
from pacl_core.report.sections.few_labels import learning_curves
from pacl_core.report.sections.task_details import task_details

COMPARISON = "comparison.json"  # of stage compare, among the metrics
SAID = {"better": "better", "worse": "worse", "unclear": "no clear change", "changed": "changed"}
_ENSEMBLE = ", ensemble"  # the end of the name of a zero-shot task with several prompts
CARDS = 6  # one row or two; the overview has every task


def results(artefacts: Evaluated, own: str = ENHANCED) -> list[dict[str, Any]] | None:
    """One entry per data set and protocol; None where nothing was compared. `own`: the variant judged."""
    evaluations = compared(artefacts.metrics / COMPARISON, own)
    for one in evaluations or []:
        stem = f"{one['dataset']}-{one['protocol']}"
        shown = [variant for variant in one["variants"][:2] if variant not in one["not_applicable"]]
        summaries = {v: optional_json(artefacts.evaluation / f"{stem}-{v}.json") for v in shown}
        for task in one["tasks"]:
            found = {
                v: summary["tasks"].get(task["name"], {}).get("details")
                for v, summary in summaries.items()
                if summary
            }
            task["details"] = task_details({v: details for v, details in found.items() if details})
    _draw(evaluations or [])
    return evaluations


def compared(comparison: Path, own: str = ENHANCED) -> list[dict[str, Any]] | None:
    """As `results`, of a file of stage compare, without what is behind the metrics of a task."""
    comparisons = optional_json(comparison)
    return None if comparisons is None else [_evaluation(one, own) for one in comparisons]


def main_results(evaluations: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The first few rows of the overview in which the judged variant has a difference with an interval."""
    rows = [
        row for row in overview(evaluations) if row["judged"] and row["changes"][row["judged"] - 1]["low"]
    ]
    return rows[:CARDS]


def overview(evaluations: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The row of the main metric of every task of every evaluation."""
    return [
        {key: one[key] for key in ("dataset", "protocol", "variants", "judged")}
        | {"task": task["name"], **task["rows"][0]}
        for one in evaluations or []
        for task in one["tasks"]
        if task["rows"]
    ]


def in_short(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the overview, of a task with several prompts only that of the ensemble."""
    ensembles = {_asked(row) for row in rows if row["task"].endswith(_ENSEMBLE)}
    return [row for row in rows if row["task"].endswith(_ENSEMBLE) or _asked(row) not in ensembles]


def _asked(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["dataset"], row["protocol"], row["task"].rpartition(", ")[0]


def _draw(evaluations: list[dict[str, Any]]) -> None:
    """Give each change its chart; all of a metric have one axis."""
    rows = [row for one in evaluations for task in one["tasks"] for row in task["rows"]]
    of_metric: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for row in rows:
        label = row["label"]
        of_metric.setdefault((label.rank, "" if label.better else label.text), []).append(row)
    for same in of_metric.values():
        drawn = [(row, change) for row in same for change in row["changes"] if change["bounds"]]
        reach = round_reach(end for _, change in drawn for end in change["bounds"])
        for row, change in drawn:
            label = row["label"]
            value, low, high = change["bounds"]
            axis = Axis(reach, turned=label.better == "lower")
            change["chart"] = difference(
                value, low, high, verdict=change["verdict"], axis=axis, baseline=row["constant"]
            )
            ends = [f"{sign}{100 * reach if label.percent else reach:g}" for sign in "−+"]
            change["ticks"] = [ends[axis.turned], "0", ends[not axis.turned]]


def _constant(held_to: dict[str, Any], first: float | None) -> float | None:
    """The first baseline minus the first variant."""
    baseline = next((one["value"] for one in held_to.values()), None)
    return None if baseline is None or first is None else baseline - first


def _evaluation(comparison: dict[str, Any], own: str) -> dict[str, Any]:
    variants = comparison["variants"]
    chance = comparison["protocol"] == "zero_shot"  # it has seen no training item
    tasks = [
        {
            "name": name,
            "prompt": next((c["prompt"] for c in task["chosen"].values() if c.get("prompt")), None),
            "note": next(map(_transfer_note, task["chosen"].values()), None),
            "test_items": task["test_items"],
            "folds": max((len(c.get("folds", ())) for c in task["chosen"].values()), default=0),
            "rows": _rows(task, variants, own, chance=chance),
        }
        for name, task in comparison["tasks"].items()
    ]
    return {
        "dataset": comparison["dataset"],
        "protocol": comparison["protocol"],
        "variants": variants,
        "judged": _judged(variants, own),
        "not_applicable": comparison["not_applicable"],
        "excluded": comparison["excluded_test_items"],
        "test_items": max((task["test_items"] for task in tasks), default=0),
        "folds": max((task["folds"] for task in tasks), default=0),
        "trainings": {variant: _trainings(comparison, variant) for variant in variants},
        "tasks": tasks,
        "curves": learning_curves(comparison),
    }


def _judged(variants: list[str], own: str) -> int | None:
    """The place of the variant that is judged: `own` where it is not the first, else the second."""
    if own in variants[1:]:
        return variants.index(own)
    return 1 if len(variants) > 1 else None


def _transfer_note(chosen: dict[str, Any]) -> str | None:
    """What a head of another data set was fitted on, and how many of the tested images it has seen."""
    if "leaks" not in chosen:
        return None
    exact, near = (chosen["leaks"][f"{kind}_items"] for kind in ("exact", "near"))
    seen = f"{exact:,} of these images are among them" if exact else "none of these images is among them"
    seen += f", {near:,} nearly so" if near else ""
    return f"fitted on {chosen['fitted_items']:,} items; {seen}"


def _trainings(comparison: dict[str, Any], variant: str) -> int:
    """How often the variant was trained, as far as its figures say: 1 if they do not."""
    figures = (figure for task in comparison["tasks"].values() for figure in task["figures"].values())
    found = (figure["variants"].get(variant, {}).get("per_training_seed") for figure in figures)
    return max((len(means) for means in found if means), default=1)


def _rows(task: dict[str, Any], variants: list[str], own: str, *, chance: bool) -> list[dict[str, Any]]:
    """The main metric first, then by the order of `metric_labels.METRICS`."""
    metrics = task["figures"]
    first = main_metric(task["task"], metrics)
    names = sorted(metrics, key=lambda name: (name != first, metric_label(name).rank, name.count("_"), name))
    return [_row(metric_label(name), metrics[name], variants, own=own, chance=chance) for name in names]


def _row(
    label: MetricLabel, metric: dict[str, Any], variants: list[str], *, own: str, chance: bool
) -> dict[str, Any]:
    """`values` per variant: the mean, then the spread over seeds and the ends of the interval, or None.

    `baselines`: (name, value); `below` per variant: what it does not exceed, in words, or None; `changes` per
    variant but the first, from the first; `controls`: the judged variant from each other but the first.
    """
    entries = [metric["variants"].get(variant, {}) for variant in variants]
    held_to = {
        name: one
        for name, one in sorted(metric["baselines"].items(), key=_main_first)
        if name != CHANCE or chance
    }
    return {
        "label": label,
        "values": [(label.shown(one.get("mean")), *_spread(label, one)) for one in entries],
        "baselines": [(BASELINES[name], label.shown(one["value"])) for name, one in held_to.items()],
        "below": [_below(held_to, variant) for variant in variants],
        "reason": next((one["reason"] for one in entries if one.get("reason")), None),
        "constant": _constant(held_to, entries[0].get("mean")),
        "changes": [_change(label, metric["differences"].get(variant)) for variant in variants[1:]],
        "controls": {name: _change(label, one) for name, one in _controls(metric, variants, own).items()},
    }


def _controls(metric: dict[str, Any], variants: list[str], own: str) -> dict[str, dict[str, Any]]:
    """The judged variant minus others but the first; stored is the second variant minus each later one."""
    found: dict[str, dict[str, Any]] = metric.get("controls", {})
    place = _judged(variants, own)
    if place is None or place == 1:
        return found
    turned = found.get(variants[place])
    return {variants[1]: _turned(turned)} if turned else {}


def _turned(change: dict[str, Any]) -> dict[str, Any]:
    """Of `a - b` that of `b - a`."""
    value, low, high = (
        None if change[key] is None else 0.0 - change[key] for key in ("value", "high", "low")
    )
    verdict = {"better": "worse", "worse": "better"}.get(change["verdict"], change["verdict"])
    return change | {"value": value, "low": low, "high": high, "verdict": verdict}


def _main_first(entry: tuple[str, Any]) -> bool:
    return entry[0] == CHANCE


def _below(baselines: dict[str, Any], variant: str) -> str | None:
    """A result is above a baseline where the interval of their difference says so."""
    found = {name: one["differences"].get(variant, {}).get("verdict") for name, one in baselines.items()}
    names = [BASELINES[name] for name, verdict in found.items() if verdict in ("unclear", "worse")]
    return f"no better than {' or '.join(names)}" if names else None


def _spread(label: MetricLabel, entry: dict[str, Any]) -> list[str | None]:
    given = (entry.get(name) for name in ("std", "low", "high"))
    return [None if value is None else label.shown(value) for value in given]


def uncertain(change: dict[str, Any], shown: Callable[[float], str]) -> str | None:
    """A sentence on what makes a difference uncertain, test items or training seeds; None if not stored."""
    items, seeds = (change.get("std_by", {}).get(source) for source in ("items", "training_seeds"))
    if items is None:
        return None
    if seeds is None:
        said = f"uncertain by the items ({shown(items)})"
        return f"{said}, and by the training seeds to a degree that one training does not show"
    parts = [f"the items ({shown(items)})", f"the training seeds ({shown(seeds)})"]
    more, less = parts if change["mostly_by"] == "items" else reversed(parts)
    return f"uncertain mostly by {more}, less by {less}"


def _std_by(label: MetricLabel, change: dict[str, Any]) -> tuple[str, str] | None:
    """The standard deviations by items and by training seeds."""
    items, seeds = (change.get("std_by", {}).get(source) for source in ("items", "training_seeds"))
    return None if items is None else (label.shown(items), "unknown" if seeds is None else label.shown(seeds))


def _change(label: MetricLabel, change: dict[str, Any] | None) -> dict[str, Any]:
    """`verdict` as stored and `said` in words; `low` is None where there is no interval."""
    shown: dict[str, Any] = {"value": None, "low": None, "high": None, "verdict": "undefined", "said": None}
    shown |= {"bounds": None, "chart": None, "ticks": None, "std_by": None, "uncertain": None}
    if change is None:
        return shown
    value, low, high = change["value"], change["low"], change["high"]
    shown["value"] = label.signed(value)
    if low is None or high is None:
        return shown
    verdict = change["verdict"]
    if label.better is None and verdict in ("better", "worse"):
        verdict = "changed"
    few = verdict == TOO_FEW
    return {
        "value": label.signed(value),
        "low": label.signed(low),
        "high": label.signed(high),
        "verdict": verdict,
        "said": change["reason"] if few else SAID[verdict],
        "bounds": None if few else (value, low, high),
        "chart": None,
        "ticks": None,
        "std_by": _std_by(label, change),
        "uncertain": None if few else uncertain(change, label.shown),
    }


_CAPTIONS = {
    1: "Table 1: enhancement",
    2: "Table 2: each level alone",
    3: "Table 3: zero-shot",
    "EmotionCLIP 1": "EmotionCLIP, Table 1: subject and sentiment",
    "EmotionCLIP 3": "EmotionCLIP, Table 3: what is trained",
    "EmotionCLIP 4": "EmotionCLIP, Table 4: other data sets",
    "Feng 1": "Feng et al., Table 1: data sets and backbones",
    "Feng 2": "Feng et al., Table 2: other pre-training",
}


def published(artefacts: Evaluated) -> list[dict[str, Any]]:
    """A table per published table and protocol: a row per metric, published, ours and the difference."""
    tables: dict[tuple[int | str, str], dict[str, Any]] = {}
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
