"""The partition: counts and shares next to the published ones, distributions, agreement."""

from collections.abc import Mapping
from typing import Any

from pacl_core.methods.pacl.partitions import PARTITIONS
from pacl_core.report.charts.histogram import histogram
from pacl_core.report.charts.plane import plane
from pacl_core.report.charts.vega import Chart, script_json
from pacl_core.report.reading import Artefacts, optional_columns, optional_json
from pacl_core.report.sections.run import lookup

Bars = list[tuple[str, list[tuple[str, float]]]]


def partition(artefacts: Artefacts, mode: str, names: Mapping[str, str]) -> dict[str, Any] | None:
    """None where the partition stage has not run. `names`: partition -> its name on the page."""
    metrics = optional_json(artefacts.metrics / "partition.json")
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
            {"name": name, "chart": _histogram(artefacts, name, thresholds[name])}
            for name in ("factual", "emotional")
        ],
        "plane": _plane(artefacts, thresholds, names, coloured=mode == "both"),
        "agreement": metrics.get("agreement"),
    }


def _rows(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per partition; the paper has one share for both partial ones, shown once."""
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


def _histogram(artefacts: Artefacts, name: str, threshold: float | None) -> Chart | None:
    table = optional_columns(artefacts.plots / f"{name}_histogram.csv")
    return None if table is None else histogram(name, table, threshold)


def _plane(
    artefacts: Artefacts, thresholds: dict[str, float | None], names: Mapping[str, str], *, coloured: bool
) -> Chart | None:
    table = optional_columns(artefacts.plots / "plane.csv")
    return None if table is None else plane(table, thresholds, names, coloured=coloured)


_SHOWN = 7  # rows of the table that readers without scripts see

Columns = dict[str, list[float]]


def thresholds(
    artefacts: Artefacts, params: dict[str, Any], applied: dict[str, float | None]
) -> dict[str, Any] | None:
    """The sliders' data, and the table of a few thresholds; None where there is no grid."""
    grid = optional_columns(artefacts.plots / "threshold_grid.csv")
    if grid is None or None in applied.values():
        return None
    steps = {score: sorted(set(grid[f"{score}_threshold"])) for score in ("factual", "emotional")}
    own = {score: _nearest(steps[score], float(applied[score] or 0)) for score in steps}
    width = len(steps["emotional"])

    def counts(factual: int, emotional: int) -> list[int]:
        return [int(grid[name][factual * width + emotional]) for name in PARTITIONS]

    tables = {}
    for score in steps:
        rows = []
        for place in _spread(len(steps[score]), own[score]):
            at = own | {score: place}
            pairs = counts(at["factual"], at["emotional"])
            shares = [count / (sum(pairs) or 1) for count in pairs]
            rows.append({"at": steps[score][place], "own": place == own[score], "shares": shares})
        tables[score] = rows
    transforms = {score: str(lookup(params, f"partition.{score}.transform") or "raw") for score in steps}
    return {
        "steps": {score: len(values) for score, values in steps.items()},
        "own": own,
        "applied": {score: steps[score][own[score]] for score in steps},
        "transforms": transforms,
        "shared": any(lookup(params, f"partition.{score}.share") is not None for score in steps),
        "tables": tables,
        "json": script_json(
            {
                "steps": steps,
                "transforms": transforms,
                "kinds": {
                    "factual": lookup(params, "factual_scores.scorer.kind"),
                    "emotional": lookup(params, "emotional_scores.text_encoder.kind"),
                },
                "partitions": PARTITIONS,
                "counts": [[int(grid[name][row]) for name in PARTITIONS] for row in range(len(grid["weak"]))],
            }
        ),
    }


def _nearest(values: list[float], wanted: float) -> int:
    return min(range(len(values)), key=lambda place: abs(values[place] - wanted))


def _spread(count: int, own: int) -> list[int]:
    """A few places from first to last, the run's own among them."""
    even = {round(i * (count - 1) / (_SHOWN - 1)) for i in range(_SHOWN)}
    return sorted(even | {own})
