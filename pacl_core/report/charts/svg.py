"""SVG elements, scales and axes. Every text and attribute is escaped by MarkupSafe."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 400, 236
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 12, 40


def element(tag: str, *children: object, **attributes: object) -> Markup:
    """`<tag ...>children</tag>`; `class_` stands for class, an underscore for a hyphen."""
    pairs = [(name.rstrip("_").replace("_", "-"), _short(value)) for name, value in attributes.items()]
    written = Markup("").join(Markup(' {}="{}"').format(name, value) for name, value in pairs)
    inner = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(tag), written, inner)


def _short(value: object) -> object:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def picture(title: str, *children: object, width: int = WIDTH, height: int = HEIGHT) -> Markup:
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


def x_scale(low: float, high: float) -> Scale:
    return Scale(low, high, LEFT, WIDTH - RIGHT)


def y_scale(low: float, high: float) -> Scale:
    return Scale(low, high, HEIGHT - BOTTOM, TOP)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values inside [low, high], 1, 2 or 5 times a power of ten apart."""
    span = high - low
    if span <= 0:
        return [low]
    rough = span / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= 0.75 * rough)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 12) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_label(value: float) -> str:
    if abs(value) >= 10_000:
        return f"{value / 1000:,.10g}k"
    if 0 < abs(value) < 0.001:
        digits, power = f"{value:.4e}".split("e")
        return f"{float(digits):g}e{int(power)}".replace("-", "−")
    return f"{value:,.6g}".replace("-", "−")


def axes(
    x: Scale,
    y: Scale,
    x_label: str,
    y_label: str,
    label: Callable[[float], str] = tick_label,
) -> Markup:
    """Grid lines, ticks and the two names of the axes."""
    parts = []
    for value in ticks(y.low, y.high):
        at = y(value)
        parts.append(element("line", x1=x.start, x2=x.end, y1=at, y2=at, class_="grid"))
        parts.append(element("text", label(value), x=x.start - 6, y=at + 4, class_="tick end"))
    for value in ticks(x.low, x.high):
        parts.append(element("text", label(value), x=x(value), y=y.start + 16, class_="tick middle"))
    parts.append(element("line", x1=x.start, x2=x.end, y1=y.start, y2=y.start, class_="axis"))
    middle = (x.start + x.end) / 2
    parts.append(element("text", x_label, x=middle, y=HEIGHT - 5, class_="name middle"))
    at = (y.start + y.end) / 2
    parts.append(
        element("text", y_label, x=11, y=at, class_="name middle", transform=f"rotate(-90 11 {at:.1f})")
    )
    return Markup("").join(parts)
