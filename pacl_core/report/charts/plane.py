"""The plane of factual and emotional value: where pairs lie, and the four quadrants."""

import math
from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from pacl_core.report.charts.svg import HEIGHT, LEFT, RIGHT, WIDTH, Scale, axes, element, picture

_HEIGHT = 340


def plane(
    factual: Sequence[float],
    emotional: Sequence[float],
    pairs: Sequence[int],
    thresholds: tuple[float | None, float | None],
    coloured: bool,
) -> Markup:
    """Cells by centre; darker where more pairs lie. `coloured`: quadrants in their partition's colour."""
    step_x, step_y = _step(factual), _step(emotional)
    across = (min(factual) - step_x / 2, max(factual) + step_x / 2)
    up = (min(emotional) - step_y / 2, max(emotional) + step_y / 2)
    at_x, at_y = thresholds
    x = Scale(*_reach(*across, at_x), LEFT, WIDTH - RIGHT)
    y = Scale(*_reach(*up, at_y), HEIGHT - 40, HEIGHT - _HEIGHT + 12)
    most = max(pairs)
    cells = []
    for f, e, count in zip(factual, emotional, pairs, strict=True):
        shade = 0.12 + 0.88 * math.log1p(count) / math.log1p(most)
        cells.append(
            element(
                "rect",
                element("title", f"{count:,} pairs at factual {f:.3g}, emotional {e:.3g}"),
                x=x(f - step_x / 2),
                y=y(e + step_y / 2),
                width=max(x(f + step_x / 2) - x(f - step_x / 2) - 0.6, 0.6),
                height=max(y(e - step_y / 2) - y(e + step_y / 2) - 0.6, 0.6),
                fill_opacity=round(shade, 2),
                class_=f"fill-{_quadrant(f, e, at_x, at_y) if coloured else 'accent'}",
            )
        )
    lines = []
    if at_x is not None:
        lines.append(element("line", x1=x(at_x), x2=x(at_x), y1=y.start, y2=y.end, class_="threshold"))
    if at_y is not None:
        lines.append(element("line", x1=x.start, x2=x.end, y1=y(at_y), y2=y(at_y), class_="threshold"))
    body = element(
        "g",
        axes(x, y, "factual value", "emotional value"),
        *cells,
        *lines,
        transform=f"translate(0 {_HEIGHT - HEIGHT})",
    )
    return picture("Pairs by factual and emotional value", body, height=_HEIGHT)


def _reach(low: float, high: float, threshold: float | None) -> tuple[float, float]:
    return (low, high) if threshold is None else (min(low, threshold), max(high, threshold))


def _step(centres: Sequence[float]) -> float:
    distinct = sorted(set(centres))
    return min((b - a for a, b in pairwise(distinct)), default=1.0)


def _quadrant(factual: float, emotional: float, at_x: float | None, at_y: float | None) -> str:
    is_factual, is_emotional = at_x is None or factual > at_x, at_y is None or emotional > at_y
    if is_factual and is_emotional:
        return "strong"
    if is_emotional:
        return "partial_emotional"
    return "partial_factual" if is_factual else "weak"
