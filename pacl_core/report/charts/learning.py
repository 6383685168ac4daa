"""Learning curves: a metric over the number of labels, a line per variant and its interval as a band."""

from collections.abc import Sequence
from typing import Any

from pacl_core.report.charts.vega import Chart, chart

Point = tuple[str, int, float, float | None, float | None]  # variant, labels, value, ends of its interval


def learning_curve(
    name: str, title: str, points: Sequence[Point], *, baseline: tuple[str, float] | None = None
) -> Chart:
    """A chart of one metric; a point without an interval has no part in the band.

    `baseline`: in words, and its value, which is a dashed line.
    """
    keys = ("variant", "labels", "value", "low", "high")
    rows = [dict(zip(keys, one, strict=True)) for one in points]
    counts = sorted({labels for _, labels, *_ in points})
    x = {
        "field": "labels",
        "type": "quantitative",
        "title": "labels",
        "scale": {"type": "log", "nice": False, "padding": 12},
        "axis": {"values": counts, "format": "d", "grid": False},
    }
    y = {
        "type": "quantitative",
        "title": None,
        "scale": {"zero": False},
        "axis": {"format": "~g", "tickCount": 5},
    }
    legend = {"title": None, "orient": "top", "symbolType": "circle"}
    colour = {"field": "variant", "type": "nominal", "sort": None, "legend": legend}
    band: dict[str, Any] = {
        "data": {"values": [row for row in rows if row["low"] is not None and row["high"] is not None]},
        "mark": {"type": "area", "opacity": 0.15},
        "encoding": {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}, "color": colour},
    }
    line: dict[str, Any] = {
        "data": {"values": rows},
        "mark": {"type": "line", "strokeWidth": 2, "point": {"size": 28}},
        "encoding": {
            "x": x,
            "y": y | {"field": "value"},
            "color": colour,
            "tooltip": [
                {"field": "variant", "title": "variant"},
                {"field": "labels", "title": "labels"},
                *({"field": key, "title": key, "format": ".3~f"} for key in ("value", "low", "high")),
            ],
        },
    }
    layers = [band, line, *([] if baseline is None else _baseline(*baseline, y=y))]
    return chart(name, title, {"layer": layers}, height=220)


def _baseline(said: str, value: float, *, y: dict[str, Any]) -> list[dict[str, Any]]:
    data = {"values": [{"value": value, "said": said}]}
    at = {"y": y | {"field": "value"}}
    return [
        {
            "data": data,
            "mark": {"type": "rule", "strokeDash": [4, 3], "color": "var(--muted)"},
            "encoding": at,
        },
        {
            "data": data,
            "mark": {
                "type": "text",
                "align": "left",
                "baseline": "bottom",
                "x": 4,
                "dy": -3,
                "fontSize": 10,
                "color": "var(--muted)",
            },
            "encoding": at | {"text": {"field": "said"}},
        },
    ]
