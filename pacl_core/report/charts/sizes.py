"""Named counts as a list of bars."""

from collections.abc import Sequence

from pacl_core.report.charts.vega import Chart, chart


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
