"""The comparison of variants, as the compare stage computed it."""

from pathlib import Path
from typing import Any

from pacl_core.report.charts.difference import difference
from pacl_core.report.reading import optional_json

# name -> what a person reads, and which direction is better
METRICS = {
    "mse_x100": ("MSE × 100", "lower"),
    "r2": ("R²", "higher"),
    "pearson": ("Pearson r", "higher"),
    "accuracy": ("Accuracy", "higher"),
    "f1_weighted": ("F1, weighted", "higher"),
    "f1_macro": ("F1, macro", "higher"),
    "chebyshev": ("Chebyshev", "lower"),
    "clark": ("Clark", "lower"),
    "canberra": ("Canberra", "lower"),
    "kl": ("KL", "lower"),
    "cosine": ("Cosine", "higher"),
    "intersection": ("Intersection", "higher"),
}
_HEADLINES = ("r2", "accuracy", "kl")


def results(root: Path, variants: list[str]) -> list[dict[str, Any]] | None:
    """One table per data set and protocol; None where nothing was compared."""
    tree = optional_json(root / "metrics/comparison.json")
    if tree is None:
        return None
    return [_table(root, name, tasks, variants) for name, tasks in tree.items()]


def headlines(tables: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The first row of each task, in the order R2, accuracy, KL."""
    picked = []
    for table in tables or []:
        for task in table["tasks"]:
            row = next((r for key in _HEADLINES for r in task["rows"] if r["metric"] == key), None)
            if row is not None and row["differences"] and row["differences"][0]["verdict"] != "undefined":
                picked.append({"task": task["name"], "variants": table["variants"], **row})
    return picked


def _table(root: Path, name: str, tasks: dict[str, Any], variants: list[str]) -> dict[str, Any]:
    shown = [{"name": task, "rows": _rows(metrics, variants)} for task, metrics in tasks.items()]
    first = optional_json(root / f"evaluation/{name}-{variants[0]}.json") if variants else None
    return {
        "name": name,
        "variants": variants,
        "tasks": shown,
        "test_items": first.get("test_items") if first else None,
    }


def _rows(metrics: dict[str, Any], variants: list[str]) -> list[dict[str, Any]]:
    order = {name: index for index, name in enumerate(METRICS)}
    rows = []
    for metric in sorted(metrics, key=lambda name: (order.get(name, len(order)), name)):
        leaf = metrics[metric]
        label, better = _named(metric)
        rows.append(
            {
                "metric": metric,
                "label": label,
                "better": better,
                "values": [(leaf.get(variant), leaf.get(f"{variant}_std")) for variant in variants],
                "differences": _differences(leaf, variants, better),
            }
        )
    return rows


def _named(metric: str) -> tuple[str, str | None]:
    """`r2_arousal` reads as R² of arousal."""
    for name, (label, better) in METRICS.items():
        if metric == name:
            return label, better
        if metric.startswith(f"{name}_"):
            return f"{label}, {metric.removeprefix(f'{name}_')}", better
    return metric, None


def _differences(leaf: dict[str, Any], variants: list[str], better: str | None) -> list[dict[str, Any]]:
    shown = []
    for variant in variants[1:]:
        prefix = "" if variant == variants[1] else f"{variant}_"
        value, low, high = (leaf.get(f"{prefix}{key}") for key in ("difference", "low", "high"))
        if value is None or low is None or high is None:
            shown.append({"variant": variant, "value": value, "verdict": "undefined"})
            continue
        verdict = _verdict(low, high, better)
        chart = difference(value, low, high, verdict)
        shown.append(
            {"variant": variant, "value": value, "low": low, "high": high, "verdict": verdict, "chart": chart}
        )
    return shown


def _verdict(low: float, high: float, better: str | None) -> str:
    """In words: an interval that holds zero shows no change in either direction."""
    if low <= 0 <= high:
        return "unclear"
    if better is None:
        return "changed"
    return "better" if (low > 0) == (better == "higher") else "worse"
