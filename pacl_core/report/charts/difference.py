"""A difference with its interval, beside the line of no difference."""

from markupsafe import Markup

from pacl_core.report.charts.svg import Scale, element, picture

_WIDTH, _HEIGHT = 140, 22


def difference(value: float, low: float, high: float, verdict: str) -> Markup:
    """Drawn on a scale of its own that holds zero; `verdict` names the colour."""
    reach = max(abs(low), abs(high), abs(value)) or 1.0
    x, middle = Scale(-reach, reach, 6, _WIDTH - 6), _HEIGHT / 2
    return picture(
        f"difference {value:+.3g}, interval {low:+.3g} to {high:+.3g}",
        element("line", x1=x(0), x2=x(0), y1=1, y2=_HEIGHT - 1, class_="zero"),
        element("line", x1=x(low), x2=x(high), y1=middle, y2=middle, class_=f"whisker line-{verdict}"),
        element("circle", cx=x(value), cy=middle, r=4, class_=f"fill-{verdict}"),
        width=_WIDTH,
        height=_HEIGHT,
    )
