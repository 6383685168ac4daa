"""A score's distribution: matched and unmatched pairs per bin, with the threshold."""

from collections.abc import Sequence

from markupsafe import Markup

from pacl_core.report.charts.svg import HEIGHT, TOP, WIDTH, axes, element, picture, x_scale, y_scale


def histogram(
    title: str,
    values: Sequence[float],
    unmatched: Sequence[float],
    matched: Sequence[float],
    threshold: float | None,
    name: str,
) -> Markup:
    """`values` are bin centres, equally spaced."""
    step = values[1] - values[0] if len(values) > 1 else 1.0
    low, high = values[0] - step / 2, values[-1] + step / 2
    if threshold is not None:
        low, high = min(low, threshold), max(high, threshold)
    most = max(map(sum, zip(unmatched, matched, strict=True))) or 1  # a little room for the label
    x, y = x_scale(low, high), y_scale(0, 1.12 * most)
    parts: list[Markup] = [axes(x, y, name, "pairs")]
    for value, below, above in zip(values, unmatched, matched, strict=True):
        left, width = x(value - step / 2), max(x(value + step / 2) - x(value - step / 2) - 0.8, 0.6)
        base = 0.0
        for count, kind in ((below, "unmatched"), (above, "matched")):
            if count:
                top = y(base + count)
                parts.append(
                    element("rect", x=left, y=top, width=width, height=y(base) - top, class_=f"bar {kind}")
                )
            base += count
    if threshold is not None:
        parts.append(threshold_line(x(threshold), f"threshold {threshold:.3g}"))
    return picture(title, *parts)


def threshold_line(at: float, text: str) -> Markup:
    """A dashed vertical with its label on the side that has room."""
    side, offset = ("end", -5) if at > WIDTH * 0.66 else ("start", 5)
    line = element("line", x1=at, x2=at, y1=TOP - 4, y2=HEIGHT - 40, class_="threshold")
    return line + element("text", text, x=at + offset, y=TOP + 4, class_=f"threshold-label {side}")
