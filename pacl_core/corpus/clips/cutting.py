"""All clips of one video from one reading: frames go to every clip that wants them."""

import heapq
import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from pacl_core.corpus.clips.clip import Clip, grid_times
from pacl_core.corpus.clips.frames import Frames
from pacl_core.media.boxes import Box, Size, read_boxes, stored_boxes
from pacl_core.media.image_hashes import perceptual_hash, pixel_hash
from pacl_core.media.images import NormalisedImage, encode_jpeg
from pacl_core.media.rejects import Rejected, UnusableError
from pacl_core.media.video import Frame
from pacl_core.params.clips import ClipsParams

_CLOCK = 1e-3  # as of media.video


@dataclass(frozen=True)
class CutClip:
    """A clip with its frames as JPEG, when each is shown, and the boxes given for each, or None.

    `image`: the middle frame, or the last one where the video ends before. `left_out`: boxes that are not
    kept, by reason.
    """

    clip: Clip
    image: NormalisedImage
    frames: list[bytes]
    times: list[float]
    boxes: list[list[Box]] | None
    left_out: Counter[str]


def cut(frames: Frames, clips: Iterable[Clip], params: ClipsParams) -> Iterator[CutClip | Rejected]:
    """Each clip cut out of its video, or why it cannot be, in the order in which they end.

    `clips` ascend by start. Held at once are the clips that overlap. Frames past the video's end are left
    out; a clip all of whose frames are is rejected (past_the_end), and so is one with a frame that cannot
    be read.
    """
    schedule = _Schedule(clips, params)
    encoded: tuple[Frame, bytes] | None = None
    for frame in frames.at(schedule.times()):
        time, clip = schedule.served()
        if isinstance(frame, UnusableError):
            clip.wrong = clip.wrong or frame
        elif clip.wrong is None:
            if encoded is None or encoded[0] is not frame:
                encoded = frame, encode_jpeg(frame.pixels)
            clip.add(time, frame, encoded[1])
        yield from (one.finished(frames) for one in schedule.complete())
    yield from (one.finished(frames) for one in schedule.rest())


class _Open:
    """A clip that is being filled."""

    def __init__(self, clip: Clip, times: list[float], wrong: UnusableError | None) -> None:
        self.clip, self.wrong = clip, wrong
        self.left = deque(times)
        self._middle = (len(times) - 1) // 2
        self._frames: list[bytes] = []
        self._times: list[float] = []
        self._sizes: list[Size] = []
        self._shown: Frame | None = None  # pixels are large: of one frame only

    def add(self, time: float, frame: Frame, jpeg: bytes) -> None:
        if len(self._frames) <= self._middle:
            self._shown = frame
        self._times.append(time)
        self._frames.append(jpeg)
        self._sizes.append((frame.pixels.shape[1], frame.pixels.shape[0]))

    def finished(self, source: Frames) -> CutClip | Rejected:
        try:
            if self.wrong is not None:
                raise self.wrong
            if self._shown is None:
                raise UnusableError(
                    "past_the_end", f"begins at {self.clip.start:g} s, where nothing is shown"
                )
            boxes, left_out = self._boxes(source)
        except UnusableError as error:
            return error.rejected(self.clip.sample_id)
        jpeg = self._frames[min(self._middle, len(self._frames) - 1)]
        rgb = Image.fromarray(self._shown.pixels)
        image = NormalisedImage(jpeg, rgb.width, rgb.height, pixel_hash(rgb), perceptual_hash(rgb))
        return CutClip(self.clip, image, self._frames, self._times, boxes, left_out)

    def _boxes(self, source: Frames) -> tuple[list[list[Box]] | None, Counter[str]]:
        """Boxes of the corpus' list, else those of the source, in stored pixels."""
        own = _listed_boxes(self.clip.boxes) if self.clip.boxes else None
        left_out: Counter[str] = Counter()
        found = []
        for time, stored in zip(self._times, self._sizes, strict=True):
            boxes = source.boxes_at(time) if own is None else _at(own, time)
            if boxes is None:
                return None, left_out
            kept, dropped = stored_boxes(boxes, source.size, stored)
            found.append(kept)
            left_out += dropped
        return found, left_out


@dataclass
class _Schedule:
    """Which time is wanted next, and by whom. Clips are opened when their first time comes."""

    clips: Iterable[Clip]
    params: ClipsParams
    _heap: list[tuple[float, int, _Open]] = field(default_factory=list)
    _served: deque[tuple[float, _Open]] = field(default_factory=deque)
    _complete: list[_Open] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._upcoming = enumerate(self.clips)
        self._next = next(self._upcoming, None)

    def times(self) -> Iterator[float]:
        """Every wanted time, ascending; one that several clips want comes for each."""
        while self._heap or self._next:
            # the times of a clip begin no earlier than it does
            if self._next is not None and (not self._heap or self._next[1].start <= self._heap[0][0]):
                self._open()
                continue
            time, order, clip = heapq.heappop(self._heap)
            self._served.append((time, clip))
            yield time
            if clip.left:
                heapq.heappush(self._heap, (clip.left.popleft(), order, clip))

    def served(self) -> tuple[float, _Open]:
        """The time whose frame has come, and its clip."""
        time, clip = self._served.popleft()
        if not clip.left:
            self._complete.append(clip)
        return time, clip

    def complete(self) -> list[_Open]:
        """Clips that have all they want, since the last call."""
        done, self._complete = self._complete, []
        return done

    def rest(self) -> Iterator[_Open]:
        """The clips that the video's end left open, by their next time; those never opened after them."""
        waiting = [clip for _, clip in self._served] + [clip for _, _, clip in sorted(self._heap, key=_place)]
        yield from self.complete()
        yield from waiting
        while self._next is not None:
            self._heap.clear()
            self._open()
            yield from (clip for _, _, clip in self._heap)
            yield from self.complete()

    def _open(self) -> None:
        assert self._next is not None
        order, clip = self._next
        self._next = next(self._upcoming, None)
        try:
            times = grid_times(clip.start, clip.end, fps=self.params.fps, frames=self.params.frames)
        except UnusableError as error:
            self._complete.append(_Open(clip, [], error))
            return
        opened = _Open(clip, times, None)
        heapq.heappush(self._heap, (opened.left.popleft(), order, opened))


def _place(entry: tuple[float, int, _Open]) -> tuple[float, int]:
    return entry[:2]


def _listed_boxes(text: str) -> dict[float, list[Box]]:
    """A clip's own boxes by the time from which they hold: a list holds from the beginning.

    An object has seconds from the video's beginning as its keys. Raises `UnusableError` (bad_boxes).
    """
    try:
        listed: Any = json.loads(text)
        if isinstance(listed, dict):
            return {float(time): read_boxes(boxes) for time, boxes in listed.items()}
        return {0.0: read_boxes(listed)}
    except (ValueError, RecursionError) as error:
        raise UnusableError("bad_boxes", " ".join(str(error).split())[:200]) from None


def _at(boxes: dict[float, list[Box]], time: float) -> list[Box]:
    since = max((begin for begin in boxes if begin <= time + _CLOCK), default=None)
    return [] if since is None else boxes[since]
