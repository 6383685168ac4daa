"""Pseudo-labels: how many pairs each cluster has."""

from pathlib import Path
from typing import Any

from pacl_core.report.charts.sizes import size_bars
from pacl_core.report.reading import optional_json

_SOURCES = {
    "factual": "image features of the backbone",
    "emotional": "text features of the sentiment encoder",
}


def clusters(root: Path) -> list[dict[str, Any]] | None:
    """None where the pseudo-label stage has not run."""
    metrics = optional_json(root / "metrics/pseudo_labels.json")
    if metrics is None:
        return None
    shown = []
    for name, source in _SOURCES.items():
        sizes = sorted(((int(label), size) for label, size in metrics[name]["sizes"].items()))
        bars = size_bars(f"Sizes of the {name} clusters", [(f"label {k}", size) for k, size in sizes])
        shown.append({"name": name, "source": source, "chart": bars, "inertia": metrics[name].get("inertia")})
    return shown
