"""Training curves: several series over steps on one pair of axes."""

from collections.abc import Sequence

from markupsafe import Markup

from pacl_core.report.charts.svg import axes, element, picture, x_scale, y_scale

Series = tuple[str, Sequence[float], Sequence[float]]  # class of the colour, steps, values
_POINTS = 400  # more than the chart has pixels helps nobody


def curves(title: str, series: Sequence[Series], y_label: str) -> Markup:
    """Lines on common axes; a series of one point is drawn as a dot."""
    steps = [step for _, xs, _ in series for step in xs]
    values = [value for _, _, ys in series for value in ys]
    low, high = min(values), max(values)
    room = 0.05 * (high - low) or abs(high) * 0.05 or 1.0
    x = x_scale(min(steps), max(steps) if max(steps) > min(steps) else min(steps) + 1)
    y = y_scale(max(low - room, 0.0) if low >= 0 else low - room, high + room)
    lines = []
    for colour, xs, ys in series:
        stride = -(-len(xs) // _POINTS)
        points = [(x(a), y(b)) for a, b in zip(xs[::stride], ys[::stride], strict=True)]
        if len(points) == 1:
            lines.append(element("circle", cx=points[0][0], cy=points[0][1], r=3, class_=f"fill-{colour}"))
            continue
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        lines.append(element("polyline", points=path, class_=f"curve line-{colour}"))
    return picture(title, axes(x, y, "epoch", y_label), *lines)
