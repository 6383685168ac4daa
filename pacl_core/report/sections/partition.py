"""The partition: counts and shares beside the published ones, distributions, agreement."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pacl_core.partitions import PARTITIONS
from pacl_core.report.charts.histogram import histogram
from pacl_core.report.charts.plane import plane
from pacl_core.report.charts.vega import Chart
from pacl_core.report.reading import optional_columns, optional_json

Bars = list[tuple[str, list[tuple[str, float]]]]


def partition(root: Path, mode: str, names: Mapping[str, str]) -> dict[str, Any] | None:
    """None where the partition stage has not run. `names`: of the partitions on the page."""
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
        "plane": _plane(root, thresholds, names, mode == "both"),
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


def _histogram(root: Path, name: str, threshold: float | None) -> Chart | None:
    table = optional_columns(root / f"plots/{name}_histogram.csv")
    return None if table is None else histogram(name, table, threshold)


def _plane(
    root: Path, thresholds: dict[str, float | None], names: Mapping[str, str], coloured: bool
) -> Chart | None:
    table = optional_columns(root / "plots/plane.csv")
    return None if table is None else plane(table, thresholds, names, coloured)
