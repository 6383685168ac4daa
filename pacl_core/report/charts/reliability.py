"""Calibration: how often a classifier is right at each confidence, and the line of perfect calibration."""

from typing import Any

from markupsafe import Markup

from pacl_core.report.charts.svg import Scale, element, image

_SIZE, _LEFT, _TOP = 240, 34, 8
_END = _SIZE - 8
_FLOOR = _SIZE - 34


def reliability(title: str, bins: list[dict[str, Any]]) -> Markup:
    """A bar per bin up to its accuracy, darker where there are more predictions; empty bins are left out."""
    x, y = Scale(0, 1, _LEFT, _END), Scale(0, 1, _FLOOR, _TOP)
    filled = [one for one in bins if one["share"] and one["accuracy"] is not None]
    most = max((one["share"] for one in filled), default=1.0)
    parts = [_axes(x, y)]
    for one in filled:
        said = f"confidence {one['confidence']:.0%}, right {one['accuracy']:.0%}, {one['share']:.1%} of items"
        parts.append(
            element(
                "rect",
                element("title", said),
                x=x(one["low"]) + 0.5,
                y=y(one["accuracy"]),
                width=x(one["high"]) - x(one["low"]) - 1,
                height=max(y(0) - y(one["accuracy"]), 1.0),
                fill_opacity=round(0.25 + 0.75 * one["share"] / most, 2),
                class_="fill-accent",
            )
        )
    parts.append(element("line", x1=x(0), y1=y(0), x2=x(1), y2=y(1), class_="zero"))
    return image(title, *parts, width=_SIZE, height=_SIZE)


def _axes(x: Scale, y: Scale) -> Markup:
    parts = []
    for value in (0.0, 0.5, 1.0):
        label = f"{100 * value:.0f}"
        parts.append(element("line", x1=x(0), x2=x(1), y1=y(value), y2=y(value), class_="grid"))
        parts.append(element("text", label, x=x(0) - 5, y=y(value) + 4, class_="tick end"))
        parts.append(element("text", label, x=x(value), y=y(0) + 14, class_="tick middle"))
    parts.append(element("text", "confidence, %", x=x(0.5), y=_SIZE - 5, class_="tick middle"))
    turn = f"rotate(-90 9 {y(0.5):.0f})"
    parts.append(element("text", "right, %", x=9, y=y(0.5), class_="tick middle", transform=turn))
    return Markup("").join(parts)
