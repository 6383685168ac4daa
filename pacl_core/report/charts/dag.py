"""The DAG as an image: a box a stage, in layers, with its state, size and time."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from pacl_core.report.charts.layers import Point, layout
from pacl_core.report.charts.svg import element, image
from pacl_core.report.stages import Stage

_WIDTH, _HEIGHT = 152.0, 50.0  # of a box
_GAP = 14.0, 30.0


def dag(stages: Sequence[Stage], lines: Mapping[str, str], states: Mapping[str, str]) -> Markup:
    """`lines`: what stands below each stage's name; `states`: `built`, `partly` or `missing`.

    An arrow that a longer way already says is left out.
    """
    after = {stage.name: set(stage.after) & {one.name for one in stages} for stage in stages}
    found = layout(after, (_WIDTH, _HEIGHT), _GAP, lane=6)
    arrows = [
        _arrow([found.centres[one], *way, found.centres[name]]) for (one, name), way in found.ways.items()
    ]
    boxes = [
        _box(
            stage.name,
            stage.says,
            lines[stage.name],
            state=states[stage.name],
            centre=found.centres[stage.name],
        )
        for stage in stages
    ]
    named = "; ".join(f"{name} reads {', '.join(sorted(reads))}" for name, reads in after.items() if reads)
    return image(
        f"The stages and what each reads: {named}",
        *arrows,
        *boxes,
        width=round(found.width) + 4,
        height=round(found.height) + 4,
    )


def _arrow(points: Sequence[Point]) -> Markup:
    """From below the first box to above the last, straight down beside the boxes that it passes."""
    x, y = points[0][0], points[0][1] + _HEIGHT / 2
    path = f"M{x:.0f},{y:.0f}"
    for number, (to_x, centre) in enumerate(points[1:], start=2):
        to_y = centre - _HEIGHT / 2
        middle = (y + to_y) / 2
        end = to_y - 5 if number == len(points) else to_y
        path += f" C{x:.0f},{middle:.0f} {to_x:.0f},{middle:.0f} {to_x:.0f},{end:.0f}"
        x, y = to_x, centre + _HEIGHT / 2
        if number < len(points):
            path += f" L{x:.0f},{y:.0f}"
    tip = points[-1][1] - _HEIGHT / 2
    head = f"{x - 3.5:.1f},{tip - 6:.1f} {x + 3.5:.1f},{tip - 6:.1f} {x:.1f},{tip:.1f}"
    return element("path", d=path, class_="arrow") + element("polygon", points=head, class_="arrow-head")


def _box(name: str, says: str, line: str, *, state: str, centre: Point) -> Markup:
    x, y = centre
    return element(
        "g",
        element("title", f"{name}: {says}" if says else name),
        element(
            "rect",
            x=x - _WIDTH / 2 + 1,
            y=y - _HEIGHT / 2 + 1,
            width=_WIDTH - 2,
            height=_HEIGHT - 2,
            rx=7,
            class_=f"stage {state}",
        ),
        element("text", name, x=x, y=y - 4, class_="stage-name middle"),
        element("text", line, x=x, y=y + 15, class_="stage-line middle"),
    )
