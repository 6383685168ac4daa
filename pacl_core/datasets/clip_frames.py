"""Frames of clips, chosen by time, as stored images; a video is decoded once, forwards, over all its clips.

Of a clip with n frames those of `round(linspace(0, n - 1, T))` are taken, in terms of time: evenly spaced
from its first frame to its last, each time the nearest; frames repeat where n < T.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pacl_core.corpus.clips.clip import grid_times
from pacl_core.corpus.clips.frames import STILLS_FPS
from pacl_core.datasets.clips import Clip, DrawnClip, Edges
from pacl_core.media.boxes import Box, Size, stored_boxes
from pacl_core.media.image_hashes import perceptual_hash, pixel_hash
from pacl_core.media.images import NormalisedImage, encode_jpeg
from pacl_core.media.rejects import UnusableError
from pacl_core.media.video import Frame, open_video, packet_times

Array = NDArray[np.float64]
Item = TypeVar("Item")
_CLOCK = 1e-3  # seconds: some containers round times to milliseconds


class Taking(NamedTuple):
    """What is stored of a clip: the number of frames and their short side in pixels."""

    frames: int
    short_side: int


@dataclass(frozen=True)
class ClipFrames:
    """The frames of a clip, `times` in seconds from the beginning of its file.

    `boxes`: of each frame, the box of the subject in the stored pixels, clipped; None where it has none.
    `file_hash`: SHA-256 of the file's bytes and the clip's place in it.
    """

    frames: tuple[NormalisedImage, ...]
    times: tuple[float, ...]
    boxes: tuple[Edges | None, ...]
    file_hash: str

    @property
    def middle(self) -> NormalisedImage:
        """The frame that stands for the clip where one image is wanted."""
        return self.frames[len(self.frames) // 2]

    @property
    def frames_hash(self) -> str:
        """SHA-256 of the pixels of all frames, in their order."""
        return hashlib.sha256("".join(frame.pixel_hash for frame in self.frames).encode()).hexdigest()


Found = ClipFrames | UnusableError


def with_frames(
    items: Iterable[Item], clip: Callable[[Item], Clip | DrawnClip | None], taking: Taking, *, workers: int
) -> Iterator[tuple[Item, Found | None]]:
    """(item, the frames of its clip, or why there are none); None for an item without a clip.

    Clips of one file that follow each other are read together. In memory: the frames of the clips of as many
    files as there are `workers`, and of one more.
    """

    def source(item: Item) -> Path | DrawnClip | None:
        found = clip(item)
        return found.video if isinstance(found, Clip) else found

    ahead: deque[tuple[list[Item], Future[list[Found]] | None]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for one, of_source in groupby(items, source):
                members = list(of_source)
                if isinstance(one, DrawnClip):
                    future = pool.submit(_drawn_clips, one, len(members), taking)
                elif one is None:
                    future = None
                else:
                    clips = [found for found in map(clip, members) if isinstance(found, Clip)]
                    future = pool.submit(read_clips, one, clips, taking)
                ahead.append((members, future))
                if len(ahead) > workers:
                    yield from _finished(*ahead.popleft())
            while ahead:
                yield from _finished(*ahead.popleft())
        finally:
            pool.shutdown(cancel_futures=True)


def _finished(
    members: list[Item], future: "Future[list[Found]] | None"
) -> Iterator[tuple[Item, Found | None]]:
    found = [None] * len(members) if future is None else future.result()
    return zip(members, found, strict=True)


def read_clips(video: Path, clips: Sequence[Clip], taking: Taking) -> list[Found]:
    """The frames of clips of one file, or why a clip has none.

    Reasons: those of `open_video`; too_long; bad_times; past_end (it begins where the file has no more
    frames: of a clip that ends later, the frames up to there are taken).
    """
    try:
        known = packet_times(video)
        wanted = [wanted_places(clip, known, taking.frames) for clip in clips]
        shown = _shown(video, wanted, known, short_side=taking.short_side)
        digest = _sha256(video)
    except UnusableError as error:
        return [error] * len(clips)
    file = _File(known, shown, digest)
    return [
        places if isinstance(places, UnusableError) else _found(clip, places, file)
        for clip, places in zip(clips, wanted, strict=True)
    ]


def _drawn_clips(clip: DrawnClip, count: int, taking: Taking) -> list[Found]:
    """The clip's frames, for each of `count` items: of the times of a grid, as a corpus of clips has them."""
    times = grid_times(0.0, clip.seconds, fps=STILLS_FPS, frames=None)
    wanted = [times[place] for place in nearest(np.array(times), taking.frames)]
    drawing = clip.draw(taking.short_side)
    shown, boxes = [], []
    for time, frame in zip(wanted, drawing.at(wanted), strict=True):
        if isinstance(frame, UnusableError):
            return [frame] * count
        shown.append(_stored(frame))
        (box,) = drawing.boxes_at(time) or (None,)
        edges = None if box is None else (box.left, box.top, box.right, box.bottom)
        boxes.append(None if edges is None else stored_box(edges, drawing.size, shown[-1]))
    return [ClipFrames(tuple(shown), tuple(wanted), tuple(boxes), clip.digest)] * count


def wanted_places(clip: Clip, known: Array, frames: int) -> list[int] | UnusableError:
    """Places among the `known` times [N] of a file's frames that a clip takes [T], or why there are none."""
    if clip.longest is not None and known[-1] > clip.longest:
        return UnusableError("too_long", f"{known[-1]:.1f} s, more than {clip.longest:g}: wrongly cut")
    start = -np.inf if clip.start is None else clip.start
    end = np.inf if clip.end is None else clip.end
    if not start < end:
        return UnusableError("bad_times", f"from {start:g} to {end:g} s")
    first, stop = np.searchsorted(known + _CLOCK, [start, end])
    if clip.numbers is not None:
        first, stop = max(first, clip.numbers[0]), min(stop, clip.numbers[1] + 1)
    if first >= stop and clip.numbers is None and known[0] <= start <= known[-1]:
        first, stop = first - 1, first  # shorter than a frame is shown
    if first >= stop:
        return UnusableError("past_end", f"the last frame begins at {known[-1]:.3f} s")
    return [int(first) + place for place in nearest(known[first:stop], frames)]


def nearest(times: Array, wanted: int) -> list[int]:
    """The places of the `times` [N] of frames that are nearest to `wanted` evenly spaced times.

    At a constant rate these are round(linspace(0, N - 1, wanted)); the times are rounded first, as they are
    binary fractions.
    """
    evenly = np.linspace(times[0], times[-1], wanted)
    places = np.interp(evenly, times, np.arange(len(times)))
    return [int(place) for place in np.round(np.round(places, 6))]


class _Shown(NamedTuple):
    """A frame as stored, and its width and height in the video."""

    image: NormalisedImage
    size: Size


class _File(NamedTuple):
    """What was read of a video: `times` [N] of its frames, those shown by place, the SHA-256 of its bytes."""

    times: Array
    shown: dict[int, _Shown]
    sha256: str


def _shown(
    video: Path, wanted: Sequence[list[int] | UnusableError], known: Array, *, short_side: int
) -> dict[int, _Shown]:
    """The stored frame of each place that is wanted; of places after a damaged end none."""
    places = sorted({place for of_clip in wanted if isinstance(of_clip, list) for place in of_clip})
    if not places:
        return {}
    found: dict[int, _Shown] = {}
    last: Frame | None = None
    with open_video(video) as opened:
        for place, frame in zip(places, opened.at(known[places], short_side), strict=False):
            if frame is not last:
                last, image = frame, _stored(frame)
            found[place] = _Shown(image, (opened.width, opened.height))
    return found


def _stored(frame: Frame) -> NormalisedImage:
    rgb, jpeg = Image.fromarray(frame.pixels), encode_jpeg(frame.pixels)
    return NormalisedImage(jpeg, rgb.width, rgb.height, pixel_hash(rgb), perceptual_hash(rgb))


def _found(clip: Clip, places: list[int], file: _File) -> Found:
    shown = file.shown
    there = [place for place in places if place in shown]
    if not there:
        return UnusableError("past_end", "its frames cannot be decoded")
    taken = [place if place in shown else there[-1] for place in places]
    boxes = [_box(clip, place, shown[place]) for place in taken]
    part = repr((clip.start, clip.end, clip.numbers))
    return ClipFrames(
        tuple(shown[place].image for place in taken),
        tuple(float(file.times[place]) for place in taken),
        tuple(boxes),
        hashlib.sha256(f"{file.sha256} {part}".encode()).hexdigest(),
    )


def _box(clip: Clip, place: int, shown: _Shown) -> Edges | None:
    box = None if clip.boxes is None else clip.boxes.get(place)
    return None if box is None else stored_box(box, shown.size, shown.image)


def stored_box(box: Edges, size: Size, image: NormalisedImage) -> Edges | None:
    """A box in the pixels of an image of `size` in those in which it is stored, clipped; None where nothing
    of it is inside, or it has no area."""
    for kept in stored_boxes([Box(*box)], size, (image.width, image.height))[0]:
        return kept.left, kept.top, kept.right, kept.bottom
    return None


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
