"""Frames of a video file: opened once, read forwards, chosen by time and never by index.

A frame count says little: rates vary, streams begin late, files are cut. A time says which frame a player
would show. Threads would make what a damaged file yields depend on their number, so each file is decoded by
one; several files may be read at the same time.
"""

import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pacl_core.errors import UserError
from pacl_core.extras import install
from pacl_core.media.image_header import MAX_ASPECT, MAX_PIXELS
from pacl_core.media.rejects import UnusableError

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

SUFFIXES = frozenset(f".{one}" for one in "mp4 m4v mov mkv webm avi mpg mpeg ts flv wmv 3gp ogv".split())  # noqa: SIM905
# demuxers of files that people record; none that opens further files or addresses (playlists, concat)
_CONTAINERS = "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg"
_CLOCK = 1e-3  # seconds: Matroska rounds times to milliseconds, so a frame may begin so much late
_FAILURES = 100  # packets in a row that cannot be decoded, after which nothing more is expected


@dataclass(frozen=True)
class Frame:
    """`time` in seconds from the file's beginning; `pixels` [H, W, 3] uint8, RGB, upright."""

    time: float
    pixels: NDArray[np.uint8]


@contextmanager
def open_video(path: Path) -> Iterator["Video"]:
    """A video file whose first frame can be decoded.

    Raises `UnusableError`: missing_video, not_a_file, unreadable, empty, not_a_video, truncated (an MP4
    without its index), no_video_stream, unknown_codec, no_frames, too_many_pixels, too_narrow. Raises
    `UserError` where PyAV is not installed.
    """
    try:
        import av
    except ImportError:
        raise UserError(f"video needs the package av; run: {install('video')}") from None
    _check_file(path)
    try:
        # "file:": a name is never taken for an address
        container = av.open(
            f"file:{path}", options={"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
        )
    except (av.error.FFmpegError, ValueError) as error:
        raise _not_opened(path, error) from None
    with container:
        streams = [
            one for one in container.streams.video if not one.disposition & one.disposition.attached_pic
        ]
        if not streams:
            kinds = sorted({one.type for one in container.streams})
            raise UnusableError("no_video_stream", f"only {', '.join(kinds) or 'nothing'}")
        if streams[0].codec_context is None:
            raise UnusableError("unknown_codec", "FFmpeg has no decoder for the video in it")
        yield Video(container, streams[0])


def frame_times(path: Path) -> NDArray[np.float64]:
    """When each frame that can be decoded begins, `[N]` seconds. Raises as `open_video`."""
    with open_video(path) as video:
        return np.fromiter(video.times(), np.float64)


def packet_times(path: Path) -> NDArray[np.float64]:
    """When each frame begins by the file's packets, `[N]` ascending seconds; only the first is decoded.

    As `frame_times` where nothing is damaged, and many times faster. Raises as `open_video`.
    """
    with open_video(path) as video:
        return video.packet_times()


class Video:
    """An open video, to be read once. `width`, `height`: as shown, upright, of square pixels, before scaling.

    `end`: when the last frame ceases to be shown, once the reading came to it; else None. `damaged`: packets
    so far that could not be decoded; they are left out.
    """

    def __init__(self, container: "InputContainer", stream: "VideoStream") -> None:
        self.end: float | None = None
        self.damaged = 0
        self._container, self._stream = container, stream
        stream.codec_context.thread_count = 1
        _check_size(stream.codec_context.width, stream.codec_context.height)
        self._start = Fraction(container.start_time or 0, 1_000_000)
        self._packets = container.demux(stream)
        self._stamps: list[Fraction] = []  # of the packets so far
        self._decoded = self._increasing()
        first = next(self._decoded, None)
        if first is None:
            raise UnusableError("no_frames", f"{self.damaged} packets, none of which can be decoded")
        self._first = first
        frame = first[1]
        self._turns = round(frame.rotation / 90) % 4
        wide = self._stream.sample_aspect_ratio or Fraction(1)
        width = max(1, round(frame.width * wide)) if wide > 0 else frame.width
        _check_size(width, frame.height)
        self._size = width, frame.height
        self.width, self.height = self._size[::-1] if self._turns % 2 else self._size

    def frames(self, short_side: int | None = None) -> Iterator[Frame]:
        """Every frame, its short side at most `short_side` pixels, never enlarged."""
        for time, frame in self._all():
            yield Frame(time, self._pixels(frame, short_side))

    def times(self) -> Iterator[float]:
        """When each frame begins, in seconds; nothing is converted."""
        return (time for time, _ in self._all())

    def packet_times(self) -> NDArray[np.float64]:
        """As the function of this name; afterwards no frame can be read."""
        import av

        with suppress(av.error.FFmpegError, ValueError):  # where the container is damaged, it ends
            for packet in self._packets:
                self._note(packet)
        return np.array(sorted({float(stamp - self._start) for stamp in self._stamps}) or [self._first[0]])

    def _note(self, packet: "Packet[VideoStream]") -> None:
        if packet.pts is not None and not packet.is_discard:
            self._stamps.append(packet.pts * packet.time_base)

    def at(self, times: Iterable[float], short_side: int | None = None) -> Iterator[Frame]:
        """The frame shown at each of `times`, which ascend; fewer than those where the video ends before.

        Before the first frame, that one is shown. Times at which one frame is shown share one `Frame`.
        Nothing is read after the last time.
        """
        shown, later = self._first, next(self._decoded, None)
        frame: Frame | None = None
        for time in times:
            while later is not None and later[0] <= time + _CLOCK:
                shown, later, frame = later, next(self._decoded, None), None
            if self.end is not None and time >= self.end - _CLOCK:
                return
            if frame is None:
                frame = Frame(shown[0], self._pixels(shown[1], short_side))
            yield frame

    def _all(self) -> Iterator[tuple[float, "VideoFrame"]]:
        yield self._first
        yield from self._decoded

    def _increasing(self) -> Iterator[tuple[float, "VideoFrame"]]:
        """Frames with their times; one that begins no later than an earlier frame is left out."""
        rate = self._stream.average_rate or self._stream.guessed_rate
        usual = float(1 / rate) if rate else 0.04
        last: float | None = None
        shown_for = usual
        for frame in self._frames():
            ticks = frame.pts if frame.pts is not None else frame.dts
            base = frame.time_base
            if ticks is None or not base:
                time = 0.0 if last is None else last + usual
            else:
                time = float(ticks * base - self._start)
            if last is not None and time <= last:
                continue
            shown_for = float(frame.duration * base) if frame.duration and base else usual
            last = time
            yield time, frame
        if last is not None:
            self.end = last + shown_for

    def _frames(self) -> Iterator["VideoFrame"]:
        """All that can be decoded, in the order of showing."""
        import av

        failures = 0
        while failures < _FAILURES:
            try:
                packet = next(self._packets, None)
            except (av.error.FFmpegError, ValueError):  # the container is damaged here; it does not go on
                self.damaged += 1
                packet, failures = None, _FAILURES
            if packet is None:
                return
            self._note(packet)
            try:
                found = packet.decode()
            except (av.error.FFmpegError, ValueError):
                self.damaged += 1
                failures += 1
                continue
            for frame in found:
                if isinstance(frame, av.VideoFrame):
                    failures = 0
                    yield frame

    def _pixels(self, frame: "VideoFrame", short_side: int | None) -> NDArray[np.uint8]:
        """RGB of the first frame's size and turn: a stream that changes its size stays one video."""
        import av
        from av.video.reformatter import Interpolation

        width, height = self._size
        scale = 1.0 if short_side is None else min(1.0, short_side / min(self._size))
        try:
            rgb = frame.reformat(
                width=max(1, round(width * scale)),
                height=max(1, round(height * scale)),
                format="rgb24",
                interpolation=Interpolation.AREA if scale < 1 else Interpolation.BICUBIC,
                threads=1,
            ).to_ndarray()
        except (av.error.FFmpegError, ValueError) as error:
            raise UnusableError("decode_failed", " ".join(str(error).split())) from None
        pixels: NDArray[np.uint8] = np.ascontiguousarray(np.rot90(rgb, self._turns))
        return pixels


def spread(count: int, wanted: int) -> list[int]:
    """`wanted` of `count` places, evenly spaced, the first and the last among them: round(linspace).

    Places repeat where there are fewer than wanted.
    """
    return [int(place) for place in np.round(np.linspace(0, count - 1, wanted))]


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise UnusableError("missing_video", f"no file {path}") from None
    except (OSError, ValueError) as error:
        raise UnusableError("unreadable", f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if not stat.S_ISREG(status.st_mode):  # a FIFO would be waited for
        raise UnusableError("not_a_file", f"{path} is no regular file")
    if not status.st_size:
        raise UnusableError("empty", "0 bytes")


def _not_opened(path: Path, error: Exception) -> UnusableError:
    if isinstance(error, PermissionError):
        return UnusableError("unreadable", f"{path}: {error.strerror}")
    with path.open("rb") as stream:
        start = stream.read(12)
    if start[4:8] == b"ftyp":
        return UnusableError("truncated", "an MP4 without its index")
    return UnusableError("not_a_video", f"starts with {start!r}")


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise UnusableError("too_many_pixels", f"{width} x {height}; at most {MAX_PIXELS} are decoded")
    if width and height and max(width, height) > MAX_ASPECT * min(width, height):
        raise UnusableError("too_narrow", f"{width} x {height}; at most {MAX_ASPECT} : 1")
