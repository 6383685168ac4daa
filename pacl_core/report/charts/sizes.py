"""Named counts as a list of bars."""

from collections.abc import Sequence

from markupsafe import Markup

from pacl_core.report.charts.svg import element, picture


def size_bars(title: str, sizes: Sequence[tuple[str, int]]) -> Markup:
    """Named counts as horizontal bars, in the given order."""
    most = max((size for _, size in sizes), default=1) or 1
    parts = []
    for index, (name, size) in enumerate(sizes):
        top = index * 24
        parts.append(element("text", name, x=62, y=top + 15, class_="tick end"))
        parts.append(
            element(
                "rect",
                x=70,
                y=top + 3,
                width=max(250 * size / most, 1.0),
                height=16,
                rx=2,
                class_="fill-accent",
            )
        )
        parts.append(element("text", f"{size:,}", x=78 + 250 * size / most, y=top + 15, class_="tick"))
    return picture(title, *parts, height=max(len(sizes) * 24, 24))
