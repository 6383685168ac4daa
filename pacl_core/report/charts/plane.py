"""The plane of factual and emotional value: how many pairs are where, and the four quadrants."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from pacl_core.report.charts.vega import Chart, chart, partition_scale

_QUADRANT = (
    "datum.f > factual ? (datum.e > emotional ? '{strong}' : '{partial_factual}')"
    " : (datum.e > emotional ? '{partial_emotional}' : '{weak}')"
)


def plane(
    table: Mapping[str, Sequence[float]],
    thresholds: Mapping[str, float | None],
    names: Mapping[str, str],
    *,
    coloured: bool,
) -> Chart:
    """Cells by centre (`factual_value`, `emotional_value`, `pairs`), darker where there are more pairs.

    `coloured`: each in the colour of its quadrant, which the page's sliders move. `names`: of the
    partitions on the page.
    """
    factual, emotional = table["factual_value"], table["emotional_value"]
    across, up = _half(factual), _half(emotional)
    cells = [
        {"f": f, "e": e, "f0": f - across, "f1": f + across, "e0": e - up, "e1": e + up, "pairs": int(pairs)}
        for f, e, pairs in zip(factual, emotional, table["pairs"], strict=True)
    ]
    cells = [{key: round(value, 6) for key, value in cell.items()} for cell in cells]
    colour: dict[str, object] = {"value": "var(--accent)"}
    # a missing or unused threshold does not divide the plane
    at = {name: -1e9 if value is None else value for name, value in thresholds.items()}
    if coloured:
        legend = {"title": None, "orient": "top", "columns": 2, "symbolOpacity": 1, "symbolType": "square"}
        colour = {"field": "partition", "type": "nominal", "scale": partition_scale(names), "legend": legend}
    tiles = {
        "data": {"values": cells},
        "transform": [{"calculate": _QUADRANT.format(**names), "as": "partition"}],
        "mark": {"type": "rect"},
        "encoding": {
            "x": _axis(
                "factual value",
                [c["f0"] for c in cells],
                [c["f1"] for c in cells],
                threshold=thresholds["factual"],
            )
            | {"field": "f0"},
            "x2": {"field": "f1"},
            "y": _axis(
                "emotional value",
                [c["e0"] for c in cells],
                [c["e1"] for c in cells],
                threshold=thresholds["emotional"],
            )
            | {"field": "e0"},
            "y2": {"field": "e1"},
            "color": colour,
            "opacity": {
                "field": "pairs",
                "type": "quantitative",
                "scale": {"type": "log", "domainMin": 0.5, "range": [0.12, 1]},
                "legend": None,
            },
            "tooltip": [
                {"field": "f", "title": "factual value", "format": ".3~g"},
                {"field": "e", "title": "emotional value", "format": ".3~g"},
                {"field": "pairs", "title": "pairs", "format": ","},
            ],
        },
    }
    rules = [
        {
            "data": {"values": [{}]},
            "mark": {"type": "rule", "strokeDash": [4, 3], "strokeWidth": 1.5},
            "encoding": {axis: {"datum": {"expr": score}, "type": "quantitative"}},
        }
        for axis, score in (("x", "factual"), ("y", "emotional"))
        if thresholds[score] is not None
    ]
    params = [{"name": name, "value": value} for name, value in at.items()]
    spec = {"params": params, "layer": [tiles, *rules]}
    return chart("chart-plane", "Pairs by factual and emotional value, with both thresholds", spec)


def _axis(
    title: str, lows: Sequence[float], highs: Sequence[float], *, threshold: float | None
) -> dict[str, object]:
    reach = [min(lows), max(highs), *([] if threshold is None else [threshold])]
    scale = {"domain": [min(reach), max(reach)], "nice": False, "zero": False}
    return {"type": "quantitative", "title": title, "axis": {"grid": False}, "scale": scale}


def _half(centres: Sequence[float]) -> float:
    distinct = sorted(set(centres))
    return min((b - a for a, b in pairwise(distinct)), default=1.0) / 2
