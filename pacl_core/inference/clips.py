"""Clips stored as data sets store them: spans of a video, which is read forwards once, or frames given."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, tee
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pacl_core.datasets.clip_frames import Array, Taking, wanted_places
from pacl_core.datasets.clips import Clip as PartOfFile
from pacl_core.inference.given import Cut, Edges
from pacl_core.inference.images import ImageLike, Stored, boxes_within, stored_image
from pacl_core.media.images import encode_jpeg
from pacl_core.media.rejects import UnusableError
from pacl_core.media.video import Frame, Video, open_video, packet_times, spread

_USUAL = 0.04  # seconds for which the frame of a video of one frame is shown


@dataclass(frozen=True)
class Clip:
    """A part of a video file, or frames in their order, as one input of a model.

    `source`: the path of a video, or images. `start`, `end`: seconds of a video, None: where it begins or
    ends. `boxes`: of each of the frames that are given, those around the person who is meant.
    """

    source: str | PathLike[str] | Sequence[ImageLike]
    start: float | None = None
    end: float | None = None
    boxes: Sequence[Sequence[Edges]] | None = None


class _Span(NamedTuple):
    """`places` [T] among the frames of the file."""

    start: float
    end: float
    places: list[int]


def stored_spans(path: Path, cut: Cut, taking: Taking) -> Iterator[Stored]:
    """Each span's frames, evenly spaced in time; memory holds one span. A span without frames is left out.

    Raises `UnusableError` as `open_video`, past_end where no frame is in any span, and bad_box.
    """
    known = packet_times(path)
    spans, again = tee(_spans(path, cut, known, frames=taking.frames))
    with open_video(path) as video:
        times = (known[place] for span in spans for place in span.places)
        frames = video.at(times, taking.short_side)
        for span in again:
            shown = list(islice(frames, len(span.places)))
            if not shown:
                raise UnusableError("past_end", f"from {span.start:.3f} s no frame can be decoded")
            shown += [shown[-1]] * (len(span.places) - len(shown))
            yield _stored(video, span, shown, boxes=cut.boxes)


def stored_clip(clip: Clip, taking: Taking, boxes: Sequence[Edges] = ()) -> Stored:
    """One clip. `boxes` hold for all of its frames, where it has none of its own. Raises `UnusableError`."""
    if isinstance(clip.source, str | PathLike):
        return next(stored_spans(Path(clip.source), Cut(clip.start, clip.end, boxes=tuple(boxes)), taking))
    if not len(clip.source):
        raise UnusableError("no_frames", "a clip without frames")
    own = [boxes] * len(clip.source) if clip.boxes is None else clip.boxes
    if len(own) != len(clip.source):
        raise UnusableError("bad_box", f"boxes of {len(own)} frames for a clip of {len(clip.source)}")
    taken = spread(len(clip.source), taking.frames)
    stored = {
        place: stored_image(clip.source[place], taking.short_side, own[place]) for place in sorted(set(taken))
    }
    return Stored(
        [stored[place].frames[0] for place in taken], [stored[place].boxes[0] for place in taken], clip=True
    )


def _spans(path: Path, cut: Cut, known: Array, *, frames: int) -> Iterator[_Span]:
    """`known`: when each frame of the file begins."""
    finish = float(known[-1]) + (float(np.median(np.diff(known))) if len(known) > 1 else _USUAL)
    if cut.every is None:
        places = wanted_places(PartOfFile(path, cut.start, cut.end), known, frames)
        if isinstance(places, UnusableError):
            raise places
        yield _Span(cut.start or 0.0, finish if cut.end is None else min(cut.end, finish), places)
        return
    first, last = cut.start or 0.0, finish if cut.end is None else min(cut.end, finish)
    found = False
    for number in range(max(0, int(np.ceil((last - first) / cut.every)))):
        start, end = first + number * cut.every, min(first + (number + 1) * cut.every, last)
        if start > known[-1]:
            break
        inside = wanted_places(PartOfFile(path, start, end), known, frames)
        if isinstance(inside, list):
            found = True
            yield _Span(start, end, inside)
    if not found:
        raise UnusableError("past_end", f"the last frame begins at {known[-1]:.3f} s")


def _stored(video: Video, span: _Span, shown: Sequence[Frame], *, boxes: Sequence[Edges]) -> Stored:
    jpegs = {id(frame): encode_jpeg(frame.pixels) for frame in {id(frame): frame for frame in shown}.values()}
    within = [
        boxes_within(boxes, (video.width, video.height), (frame.pixels.shape[1], frame.pixels.shape[0]))
        for frame in shown
    ]
    return Stored([jpegs[id(frame)] for frame in shown], within, clip=True, span=(span.start, span.end))
