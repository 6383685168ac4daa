"""The partition: counts and shares beside the published ones, distributions, agreement."""

from pathlib import Path
from typing import Any

from markupsafe import Markup

from pacl_core.partitions import PARTITIONS
from pacl_core.report.charts.histogram import histogram
from pacl_core.report.charts.plane import plane
from pacl_core.report.reading import optional_columns, optional_json

Bars = list[tuple[str, list[tuple[str, float]]]]


def partition(root: Path, mode: str) -> dict[str, Any] | None:
    """None where the partition stage has not run."""
    metrics = optional_json(root / "metrics/partition.json")
    if metrics is None:
        return None
    thresholds = metrics["thresholds"]
    return {
        "mode": mode,
        "pairs": metrics["pairs"],
        "rows": _rows(metrics),
        "published_partial": (metrics.get("published_shares") or {}).get("partial"),
        "bars": _bars(metrics),
        "thresholds": thresholds,
        "matched": metrics["matched"],
        "histograms": [
            {"name": name, "chart": _histogram(root, name, thresholds[name])}
            for name in ("factual", "emotional")
        ],
        "plane": _plane(root, (thresholds["factual"], thresholds["emotional"]), mode == "both"),
        "agreement": metrics.get("agreement"),
    }


def _rows(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a partition; the published figure of both partial ones is a sum, shown once."""
    published = metrics.get("published_shares") or {}
    shares = metrics["shares"]
    return [
        {
            "partition": name,
            "pairs": round(shares[name] * metrics["pairs"]),
            "share": shares[name],
            "published": published.get(name),
        }
        for name in PARTITIONS
    ]


def _bars(metrics: dict[str, Any]) -> Bars:
    """Stacked bars: (name, [(partition, share)])."""
    rows = [("this run", [(name, metrics["shares"][name]) for name in PARTITIONS])]
    published = metrics.get("published_shares")
    if published:
        bar = [(name, published[name]) for name in ("strong", "partial", "weak") if name in published]
        rows.append(("published, TumEmo at threshold 0.7", bar))
    return rows


def _histogram(root: Path, name: str, threshold: float | None) -> Markup | None:
    table = optional_columns(root / f"plots/{name}_histogram.csv")
    if table is None:
        return None
    return histogram(
        f"Distribution of the {name} value",
        table["value"],
        table["unmatched"],
        table["matched"],
        threshold,
        f"{name} value",
    )


def _plane(root: Path, thresholds: tuple[float | None, float | None], coloured: bool) -> Markup | None:
    table = optional_columns(root / "plots/plane.csv")
    if table is None:
        return None
    pairs = [int(count) for count in table["pairs"]]
    return plane(table["factual_value"], table["emotional_value"], pairs, thresholds, coloured)
