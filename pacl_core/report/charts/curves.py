"""Training curves: several series over epochs, and where each phase begins."""

from collections.abc import Sequence

from pacl_core.report.charts.vega import Chart, chart

Series = tuple[str, str, Sequence[float], Sequence[float]]  # name, its colour, epochs, values
_POINTS = 400  # as many as the chart has pixels


def curves(
    name: str, title: str, series: Sequence[Series], *, phases: Sequence[tuple[float, str]], rates: bool
) -> Chart:
    """`phases`: where each begins, in epochs, and what joins. `rates`: values of many powers of ten."""
    rows = [
        {"epoch": epoch, "value": value, "series": label}
        for label, _, epochs, values in series
        for stride in [-(-len(epochs) // _POINTS)]
        for epoch, value in zip(epochs[::stride], values[::stride], strict=True)
    ]
    x = {
        "type": "quantitative",
        "title": "epoch",
        "axis": {"tickMinStep": 1, "format": "d", "grid": False},
        "scale": {"zero": False, "nice": False, "padding": 12},
    }
    y = {
        "field": "value",
        "type": "quantitative",
        "title": None,
        "scale": {"zero": True},
        "axis": {"format": ".1e" if rates else "~g", "tickCount": 5},
    }
    colours = {"domain": [one[0] for one in series], "range": [f"var(--{one[1]})" for one in series]}
    lines = {
        "data": {"values": rows},
        "mark": {"type": "line", "strokeWidth": 2, "point": {"size": 28}},
        "encoding": {
            "x": x | {"field": "epoch"},
            "y": y,
            "color": {
                "field": "series",
                "type": "nominal",
                "scale": colours,
                "legend": {
                    "title": None,
                    "orient": "top",
                    "columns": 3 if len(series) < 4 else 2,
                    "symbolType": "circle",
                },
            },
            "tooltip": [
                {"field": "series", "title": "series"},
                {"field": "epoch", "title": "epoch"},
                {"field": "value", "title": "value", "format": ".4~g"},
            ],
        },
    }
    borders = [{"epoch": start, "said": said} for start, said in phases]
    at = {"field": "epoch", "type": "quantitative"}
    marked = [
        {
            "data": {"values": borders},
            "mark": {"type": "rule", "strokeDash": [2, 3], "color": "var(--muted)"},
            "encoding": {"x": at},
        },
        {
            "data": {"values": borders},
            "mark": {
                "type": "text",
                "align": "left",
                "dx": 0,
                "y": -7,
                "fontSize": 10,
                "color": "var(--muted)",
            },
            "encoding": {"x": at, "text": {"field": "said"}},
        },
    ]
    return chart(name, title, {"layer": [lines, *marked] if borders else [lines]}, height=220)
