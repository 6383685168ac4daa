"""Where a clip's frames come from: a video file, a folder of frames, an HDF5 file of them, or a drawing.

The published corpus keeps frames at 8 a second as numbered JPEGs: number n shows (n - 1) / 8 s.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pacl_core.corpus.clips.clip import Source
from pacl_core.corpus.clips.published_boxes import PublishedBoxes
from pacl_core.errors import UserError
from pacl_core.extras import install
from pacl_core.media.boxes import Box, Size
from pacl_core.media.image_header import MAX_BYTES, open_image
from pacl_core.media.images import normal_pixels, read_image
from pacl_core.media.rejects import UnusableError
from pacl_core.media.video import Frame, Video, open_video

if TYPE_CHECKING:
    import h5py

STILLS_FPS = 8
_CLOCK = 1e-3  # as of media.video


class Frames(Protocol):
    """An open source. `size`: width and height of the frames before scaling, in which boxes are."""

    size: Size

    def at(self, times: Iterable[float]) -> Iterator[Frame | UnusableError]:
        """The frame shown at each of the ascending times, or what is wrong with it; fewer at the end."""
        ...

    def boxes_at(self, time: float) -> list[Box] | None:
        """Boxes that the source has for its frame at a time, in pixels of `size`; None where it has no boxes.

        Raises `UnusableError` where they cannot be read.
        """
        ...


Open = Callable[[Source], AbstractContextManager[Frames]]


@contextmanager
def open_frames(source: Source, short_side: int) -> Iterator[Frames]:
    """The frames of a video file, a folder of stills, or a .hdf5 of them; short side at most `short_side`.

    Raises `UnusableError` as `open_video`, or missing_video, no_frames, unreadable.
    """
    path = Path(source.path)
    boxes = PublishedBoxes(Path(source.boxes), STILLS_FPS) if source.boxes else None
    if path.is_dir():
        yield Stills(_in_folder(path), boxes, short_side)
    elif path.suffix.lower() in (".hdf5", ".h5"):
        with _hdf5(path) as stills:
            yield Stills(stills, boxes, short_side)
    else:
        with open_video(path) as video:
            yield _VideoFrames(video, boxes, short_side)


class _VideoFrames:
    def __init__(self, video: Video, boxes: PublishedBoxes | None, short_side: int) -> None:
        self.size = video.width, video.height
        self._video, self._boxes, self._short_side = video, boxes, short_side

    def at(self, times: Iterable[float]) -> Iterator[Frame | UnusableError]:
        wanted = iter(times)
        try:
            yield from self._video.at(wanted, self._short_side)
        except UnusableError as error:  # of a frame that cannot be converted: none after it can
            yield error
            for _ in wanted:
                yield error

    def boxes_at(self, time: float) -> list[Box] | None:
        return None if self._boxes is None else self._boxes.at(time, self.size)


class Stills:
    """Numbered frames at `STILLS_FPS`. `stills`: number -> the frame's file, read when it is wanted."""

    def __init__(
        self, stills: dict[int, Callable[[], bytes]], boxes: PublishedBoxes | None, short_side: int
    ) -> None:
        if not stills:
            raise UnusableError("no_frames", "no frame named as 00000001.jpg")
        self._stills, self._boxes, self._short_side = stills, boxes, short_side
        self._numbers = sorted(stills)
        self._end = self._numbers[-1] / STILLS_FPS
        self.size = self._size()

    def at(self, times: Iterable[float]) -> Iterator[Frame | UnusableError]:
        last: tuple[int, Frame | UnusableError] | None = None
        for time in times:
            if time >= self._end - _CLOCK:
                return
            place = bisect_right(self._numbers, (time + _CLOCK) * STILLS_FPS + 1) - 1
            number = self._numbers[max(place, 0)]
            if last is None or last[0] != number:
                last = number, self._frame(number)
            yield last[1]

    def boxes_at(self, time: float) -> list[Box] | None:
        return None if self._boxes is None else self._boxes.at(time, self.size)

    def _frame(self, number: int) -> Frame | UnusableError:
        try:
            pixels = np.asarray(normal_pixels(self._stills[number](), self._short_side))
        except UnusableError as error:
            return error
        return Frame((number - 1) / STILLS_FPS, pixels)

    def _size(self) -> Size:
        """Of the first frame that can be read: all frames come from one video."""
        reason: UnusableError | None = None
        for number in self._numbers[:16]:
            try:
                with open_image(self._stills[number]()) as image:
                    return image.size
            except UnusableError as error:
                reason = reason or error
        assert reason is not None
        raise reason


def _number(name: str) -> int | None:
    stem, _, suffix = name.rpartition(".")
    if suffix.lower() in ("jpg", "jpeg", "png") and stem.isascii() and stem.isdigit():
        return int(stem) or None
    return None


def _in_folder(folder: Path) -> dict[int, Callable[[], bytes]]:
    def reading(path: Path) -> Callable[[], bytes]:
        return lambda: read_image(path)

    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise UnusableError("unreadable", f"{folder}: {error.strerror}") from None
    numbers = ((_number(name), name) for name in names)
    return {number: reading(folder / name) for number, name in numbers if number is not None}


@contextmanager
def _hdf5(path: Path) -> Iterator[dict[int, Callable[[], bytes]]]:
    """The members of an HDF5 file; what it only links to, in other files, is left out."""
    try:
        import h5py
    except ImportError:
        raise UserError(f"frames.hdf5 needs the package h5py; run: {install('video')}") from None
    if not path.is_file():
        raise UnusableError("missing_video", f"no file {path}")

    def reading(name: str) -> Callable[[], bytes]:
        return lambda: _member(file, name)

    try:
        file = h5py.File(path, "r")
    except (OSError, RuntimeError, ValueError) as error:
        raise UnusableError("unreadable", f"{path.name}: {' '.join(str(error).split())[:200]}") from None
    with file:
        found = {}
        with suppress(OSError, RuntimeError, ValueError, KeyError):  # the members that can be listed
            for name in sorted(name for name in file if isinstance(name, str)):
                number = _number(name)
                if number is not None and isinstance(file.get(name, getlink=True), h5py.HardLink):
                    found[number] = reading(name)
        yield found


def _member(file: "h5py.File", name: str) -> bytes:
    """A member as bytes: an opaque scalar, a string, or numbers of one byte."""
    try:
        data = file[name]
        if getattr(data, "external", True) or getattr(data, "is_virtual", True):
            raise UnusableError("unreadable", f"{name}: not stored in the file itself")
        if data.nbytes > MAX_BYTES:
            raise UnusableError("too_large", f"{data.nbytes} bytes; at most {MAX_BYTES} are read")
        return np.asarray(data[()]).tobytes() if data.dtype.kind != "O" else bytes(data[()])
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise UnusableError("unreadable", f"{name}: {' '.join(str(error).split())[:200]}") from None
