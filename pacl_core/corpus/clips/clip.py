"""A clip as a corpus lists it: a span of a video and a text; and the times at which its frames are taken."""

import math
from typing import NamedTuple

from pacl_core.media.rejects import UnusableError
from pacl_core.media.video import spread

LONGEST = 3600.0  # seconds of a clip
MOST_FRAMES = 4096  # of a clip that keeps all of them
_SAME = 1e-6  # of a step of the grid: k / fps is not exact


class Source(NamedTuple):
    """A video of a corpus. `name`: what the corpus calls it. `path`: a file, or a folder of frames.

    `boxes`: a file of boxes for its frames, or "".
    """

    name: str
    path: str
    boxes: str = ""


class Clip(NamedTuple):
    """`start` and `end` in seconds from the video's beginning. `boxes`: JSON of its own boxes, or ""."""

    sample_id: str
    source: Source
    start: float
    end: float
    text: str
    boxes: str = ""


def check_span(start: float, end: float) -> None:
    """Raise `UnusableError` where no clip can have these times: not_a_time, end_before_start, too_long."""
    if not (math.isfinite(start) and math.isfinite(end)) or start < 0:
        raise UnusableError("not_a_time", f"from {start} to {end} s")
    if end <= start:
        raise UnusableError("end_before_start", f"from {start} to {end} s")
    if end - start > LONGEST:
        raise UnusableError("too_long", f"{end - start:g} s; a clip has at most {LONGEST:g}")


def as_seconds(text: str) -> float:
    """Seconds, or hours, minutes and seconds with colons. Raises `UnusableError` (not_a_time) for others."""
    try:
        parts = [float(part) for part in text.split(":")]
        if len(parts) > 3:
            raise ValueError
        return sum((part * 60.0**place for place, part in enumerate(reversed(parts))), 0.0)
    except ValueError:
        raise UnusableError("not_a_time", f"{text!r} is no number of seconds") from None


def grid_times(start: float, end: float, *, fps: float, frames: int | None) -> list[float]:
    """Multiples of 1 / fps in [start, end), `frames` of them evenly spaced, or all; `start` if there is none.

    Raises `UnusableError` (too_many_frames) where all are wanted of a long clip.
    """
    first = math.ceil(start * fps - _SAME)
    count = max(0, math.ceil(end * fps - _SAME) - first)
    if not count:
        return [start]
    if frames is None and count > MOST_FRAMES:
        raise UnusableError("too_many_frames", f"{count} frames; at most {MOST_FRAMES} are stored")
    return [(first + place) / fps for place in spread(count, min(count, frames or count))]
