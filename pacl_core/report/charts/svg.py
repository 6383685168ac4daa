"""SVG elements by hand. Every text and attribute is escaped by MarkupSafe."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape


def element(tag: str, *children: object, **attributes: object) -> Markup:
    """`<tag ...>children</tag>`; `class_` means class, an underscore a hyphen."""
    pairs = [(name.rstrip("_").replace("_", "-"), _short(value)) for name, value in attributes.items()]
    written = Markup("").join(Markup(' {}="{}"').format(name, value) for name, value in pairs)
    inner = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(tag), written, inner)


def _short(value: object) -> object:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def image(title: str, *children: object, width: float, height: float) -> Markup:
    """The outer `<svg>`; `title` is what a screen reader says."""
    return element(
        "svg", element("title", title), *children, viewBox=f"0 0 {width} {height}", role="img", class_="chart"
    )


@dataclass(frozen=True)
class Scale:
    """Values in [low, high] to positions in [start, end]."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low
        part = (value - self.low) / span if span else 0.5
        return self.start + part * (self.end - self.start)


_WIDTH, _HEIGHT, _SIDE = 140, 22, 6


@dataclass(frozen=True)
class Axis:
    """From -`reach` to `reach`, one for all bars of a metric; `turned`: lower is better, so it is right."""

    reach: float
    turned: bool = False


def round_reach(values: Iterable[float | None]) -> float:
    """The least of 1, 2, 5 times a power of ten that no value exceeds; 1 where all are zero or missing."""
    most = max((abs(value) for value in values if value is not None), default=0.0)
    if most == 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 2, 5, 10) if most <= step * power * (1 + 1e-9))


def difference(
    value: float, low: float, high: float, *, verdict: str, axis: Axis, baseline: float | None = None
) -> Markup:
    """A difference and its interval, right of zero where it is better; `verdict` names the colour.

    `baseline`: the difference of a constant prediction, a triangle; beyond the axis it is at its end.
    """
    start, end = (_WIDTH - _SIDE, _SIDE) if axis.turned else (_SIDE, _WIDTH - _SIDE)
    x, middle = Scale(-axis.reach, axis.reach, start, end), _HEIGHT / 2
    left, right = sorted((x(low), x(high)))
    said = f"difference {value:+.3g}, interval {low:+.3g} to {high:+.3g}"
    marks = [
        element("line", x1=x(-axis.reach), x2=x(axis.reach), y1=middle, y2=middle, class_="grid"),
        element("line", x1=x(0), x2=x(0), y1=1, y2=_HEIGHT - 1, class_="zero"),
        element("line", x1=left, x2=right, y1=middle, y2=middle, class_=f"whisker line-{verdict}"),
        element("circle", cx=x(value), cy=middle, r=4, class_=f"fill-{verdict}"),
    ]
    if baseline is not None:
        said += f", baseline {baseline:+.3g}"
        at = x(min(axis.reach, max(-axis.reach, baseline)))
        points = f"{at - 4:.1f},{_HEIGHT} {at + 4:.1f},{_HEIGHT} {at:.1f},{_HEIGHT - 7}"
        marks.append(element("polygon", points=points, class_="baseline"))
    return image(said, *marks, width=_WIDTH, height=_HEIGHT)
