"""SVG elements by hand. Every text and attribute is escaped by MarkupSafe."""

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


_WIDTH, _HEIGHT = 140, 22


def difference(value: float, low: float, high: float, *, verdict: str) -> Markup:
    """A difference and its interval on a scale that includes zero; `verdict` names the colour."""
    reach = max(abs(low), abs(high), abs(value)) or 1.0
    x, middle = Scale(-reach, reach, 6, _WIDTH - 6), _HEIGHT / 2
    return image(
        f"difference {value:+.3g}, interval {low:+.3g} to {high:+.3g}",
        element("line", x1=x(0), x2=x(0), y1=1, y2=_HEIGHT - 1, class_="zero"),
        element("line", x1=x(low), x2=x(high), y1=middle, y2=middle, class_=f"whisker line-{verdict}"),
        element("circle", cx=x(value), cy=middle, r=4, class_=f"fill-{verdict}"),
        width=_WIDTH,
        height=_HEIGHT,
    )
