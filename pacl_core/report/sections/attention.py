"""Where models of clips look for the subject: maps next to frames, and attention on it by layer."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from markupsafe import Markup
from PIL import Image

from pacl_core.files.tables import read_table
from pacl_core.report.charts.svg import Axis, difference, element, round_reach
from pacl_core.report.images import Thumbnail
from pacl_core.report.reading import optional_json

_THUMBNAIL = 224
_ENDS = ("above_share", "low", "high")
_FULL = 4  # times an even share of the attention: the full colour, the same in all maps


def attention(maps: Path, metrics: Path, names: Iterable[str], *, image: Thumbnail) -> list[dict[str, Any]]:
    """One entry for each training on clips, of `names`, whose attention was looked at; empty without one.

    `maps` and `metrics` are the folders of the stage `attention`, with a table and a JSON file for each.
    """
    found = []
    for name in names:
        counts = optional_json(metrics / f"{name}.json")
        if counts is not None:
            ordered = _in_order(counts["layers"])
            axis = Axis(round_reach(one[key] for _, one in ordered for key in _ENDS))
            layers = [_layer(number, one, axis) for number, one in ordered]
            shown = _shown(maps, name, image) if layers else []
            own = {"name": name, "reason": counts.get("not_applicable"), "counts": counts}
            found.append(own | {"layers": layers, "shown": shown})
    return found


def _in_order(layers: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """JSON has keys as text, sorted: 1, 10, 11, 2."""
    return sorted((int(number), one) for number, one in layers.items())


def _layer(number: int, one: dict[str, Any], axis: Axis) -> dict[str, Any]:
    low, high = one["low"], one["high"]
    verdict = "unclear" if low is None or low <= 0 <= high else "better" if low > 0 else "worse"
    chart = None if low is None else difference(one["above_share"], low, high, verdict=verdict, axis=axis)
    return one | {"layer": number, "verdict": verdict, "chart": chart}


def _shown(folder: Path, name: str, image: Thumbnail) -> list[dict[str, Any]]:
    """Frames with their boxes and the map of the last layer."""
    maps = read_table(folder / f"{name}.parquet").to_pylist()
    by_frame = {(one["sample_id"], one["frame"]): one for one in maps}  # layers ascend: the last one stays
    found = []
    for one in read_table(folder / f"{name}_shown.parquet").to_pylist():
        own = by_frame[one["sample_id"], one["frame"]]
        with Image.open(io.BytesIO(one["image"])) as opened:
            boxes = [[side / opened.width for side in box] for box in one["boxes"]]
        outline = _boxes(boxes)
        found.append(
            {
                "text": one["text"],
                "image": image(one["image"], _THUMBNAIL),
                "boxes": _over(outline),
                "map": _over(_patches(own["map"]) + outline),
                "on_subject": own["on_subject"],
                "share": own["share_of_patches"],
            }
        )
    return found


def _over(drawn: Markup) -> Markup:
    """What is drawn over an image, in units of its side."""
    return element("svg", drawn, viewBox="0 0 1 1", aria_hidden="true")


def _boxes(boxes: list[list[float]]) -> Markup:
    return Markup("").join(
        element(
            "rect",
            x=f"{left:.4f}",
            y=f"{top:.4f}",
            width=f"{right - left:.4f}",
            height=f"{bottom - top:.4f}",
            class_="box",
        )
        for left, top, right, bottom in boxes
    )


def _patches(values: list[float]) -> Markup:
    """A square for each patch, the more opaque the more attention it has."""
    grid, most = round(len(values) ** 0.5), _FULL / len(values)
    return Markup("").join(
        element(
            "rect",
            x=f"{place % grid / grid:.4f}",
            y=f"{place // grid / grid:.4f}",
            width=f"{1 / grid:.4f}",
            height=f"{1 / grid:.4f}",
            class_="patch",
            fill_opacity=f"{min(1, value / most):.2f}",
        )
        for place, value in enumerate(values)
    )
