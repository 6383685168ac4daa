"""A score's distribution: matched and unmatched pairs per bin, with the threshold."""

from collections.abc import Mapping, Sequence

from pacl_core.report.charts.vega import Chart, chart


def histogram(name: str, table: Mapping[str, Sequence[float]], threshold: float | None) -> Chart:
    """`table`: `value` (bin centres, equally spaced), `unmatched` and `matched` (pairs).

    The page's slider moves the threshold through a signal with the name of the score.
    """
    values = table["value"]
    half = (values[1] - values[0]) / 2 if len(values) > 1 else 0.5
    bins = [
        {"low": round(value - half, 6), "high": round(value + half, 6), "pairs": int(pairs), "kind": kind}
        for kind in ("matched", "unmatched")
        for value, pairs in zip(values, table[kind], strict=True)
        if pairs
    ]
    reach = [values[0] - half, values[-1] + half, *([] if threshold is None else [threshold])]
    x = {"type": "quantitative", "title": f"{name} value", "axis": {"grid": False}}
    x["scale"] = {"domain": [min(reach), max(reach)], "nice": False}
    bars = {
        "data": {"values": bins},
        "mark": {"type": "bar", "binSpacing": 1},
        "encoding": {
            "x": x | {"field": "low", "bin": {"binned": True}},
            "x2": {"field": "high"},
            "y": {"field": "pairs", "type": "quantitative", "title": "pairs"},
            "color": {
                "field": "kind",
                "type": "nominal",
                "scale": {
                    "domain": ["matched", "unmatched"],
                    "range": ["var(--accent)", "var(--unmatched)"],
                },
                "legend": {"title": None, "orient": "top"},
            },
            "tooltip": [
                {"field": "low", "title": "from", "format": ".3~g"},
                {"field": "high", "title": "to", "format": ".3~g"},
                {"field": "kind", "title": "pairs are"},
                {"field": "pairs", "title": "pairs", "format": ","},
            ],
        },
    }
    spec: dict[str, object] = {"layer": [bars]}
    if threshold is not None:
        spec["params"] = [{"name": name, "value": threshold}]
        spec["layer"] = [bars, _rule(name)]
    return chart(f"chart-{name}-histogram", f"Distribution of the {name} value, with its threshold", spec)


def _rule(signal: str) -> dict[str, object]:
    return {
        "data": {"values": [{}]},
        "mark": {"type": "rule", "strokeDash": [4, 3], "strokeWidth": 1.5},
        "encoding": {"x": {"datum": {"expr": signal}, "type": "quantitative"}},
    }
