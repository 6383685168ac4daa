"""A plot of probabilities over the time of videos, as SVG or PNG."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import vl_convert

from pacl_core.errors import UserError
from pacl_core.files.publish import published_file
from pacl_core.inference.prediction_files import Answer, Write

_WIDTH, _HEIGHT = 720, 220
# the font that comes with vl-convert: with one of this machine, drawings would differ between machines
_FONT = "Liberation Sans"


@contextmanager
def timeline_writer(out: Path, labels: Sequence[str]) -> Iterator[Write]:
    """A function that takes answers; `out`, .png or .svg, appears when the block ends without an error.

    What has no time (an image, an error) is left out. Raises `UserError` where nothing else came.
    """
    spans: list[Answer] = []

    def write(answer: Answer) -> None:
        if "start" in answer and "emotions" in answer:
            spans.append(answer)

    yield write
    if not spans:
        raise UserError(f"{out}: not drawn, no video could be read")
    draw_timeline(out, spans, labels)


def draw_timeline(out: Path, spans: Sequence[Answer], labels: Sequence[str]) -> None:
    """Publish a plot of spans: `path`, `start`, `end` and `emotions`, a mapping from label to probability.

    A line per class, level over a span; videos are one below the other. The same bytes for the same input.
    """
    values = [
        {
            "video": str(one["path"]),
            "class": label,
            "seconds": one[edge],
            "probability": one["emotions"][label],
        }
        for one in spans
        for label in labels
        for edge in ("start", "end")
    ]
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": "white",
        "config": {"font": _FONT, "axis": {"grid": True, "gridOpacity": 0.5}},
        "data": {"values": values},
        "facet": {"row": {"field": "video", "type": "nominal", "title": None, "sort": None}},
        "resolve": {"scale": {"x": "independent"}},
        "spec": {
            "width": _WIDTH,
            "height": _HEIGHT,
            "mark": {"type": "line", "strokeWidth": 2},
            "encoding": {
                "x": {"field": "seconds", "type": "quantitative", "title": "seconds"},
                "y": {
                    "field": "probability",
                    "type": "quantitative",
                    "title": "probability",
                    "axis": {"format": "%"},
                    "scale": {"zero": True},
                },
                "color": {
                    "field": "class",
                    "type": "nominal",
                    "sort": None,
                    "title": None,
                    "scale": {"scheme": "tableau10" if len(labels) <= 10 else "tableau20"},
                },
            },
        },
    }
    with published_file(out) as draft:
        if out.suffix == ".svg":
            draft.write_text(vl_convert.vegalite_to_svg(json.dumps(spec)), encoding="utf-8")
        else:
            draft.write_bytes(vl_convert.vegalite_to_png(json.dumps(spec), scale=2))
