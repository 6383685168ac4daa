"""Clusters: a map of embeddings with a point per pair, and bars of sizes."""

from collections.abc import Mapping, Sequence
from typing import Any

from pacl_core.report.charts.vega import Chart, chart


def flat_map(
    name: str,
    title: str,
    points: Sequence[Mapping[str, Any]],
    *,
    colour: str,
    scale: Mapping[str, Any],
    axes: tuple[str, str],
) -> Chart:
    """`points`: `x`, `y`, `text`, `partition`, `cluster`; `colour` names the one that colours them.

    A click on the legend highlights one colour.
    """
    place = {"type": "quantitative", "axis": {"labels": False, "ticks": False, "grid": False}}
    place["scale"] = {"zero": False, "nice": False, "padding": 6}
    spec = {
        "data": {"values": list(points)},
        "params": [{"name": "chosen", "select": {"type": "point", "fields": [colour]}, "bind": "legend"}],
        "mark": {"type": "circle", "size": 22},
        "encoding": {
            "x": place | {"field": "x", "title": axes[0]},
            "y": place | {"field": "y", "title": axes[1]},
            "color": {
                "field": colour,
                "type": "nominal",
                "scale": dict(scale),
                "legend": {"title": None, "orient": "top", "columns": 2, "symbolOpacity": 1},
            },
            "opacity": {"condition": {"param": "chosen", "value": 0.72}, "value": 0.06},
            "tooltip": [{"field": field, "title": field} for field in ("text", "cluster", "partition")],
        },
    }
    return chart(name, title, spec, height=380)


def size_bars(name: str, title: str, sizes: Sequence[tuple[str, int]]) -> Chart:
    """Horizontal bars, in the given order."""
    rows = [{"name": label, "pairs": size} for label, size in sizes]
    base = {
        "y": {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": {"domain": False}},
        "x": {"field": "pairs", "type": "quantitative", "title": None, "axis": None},
    }
    bars = {"mark": {"type": "bar", "cornerRadiusEnd": 2, "height": {"band": 0.72}}}
    text = {"mark": {"type": "text", "align": "left", "dx": 5, "color": "var(--muted)", "fontSize": 11}}
    bars["encoding"] = base | {"color": {"value": "var(--accent)"}}
    text["encoding"] = base | {"text": {"field": "pairs", "format": ","}}
    spec = {"data": {"values": rows}, "layer": [bars, text]}
    return chart(name, title, spec, height=22 * max(len(rows), 1) + 14)
