"""A clip as an item: a part of a video, undecoded, or a drawing, and where the person meant is in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pacl_core.corpus.clips.frames import Frames
from pacl_core.media.listed_files import ListedFiles
from pacl_core.media.rejects import UnusableError

Edges = tuple[float, float, float, float]  # left, top, right, bottom of a box, pixels
VIDEO_SUFFIXES = (".mp4", ".mkv", ".avi", ".webm", ".mov", ".m4v", ".mpg", ".mpeg")


@dataclass(frozen=True)
class Clip:
    """A part of a video file; `start` and `end` in seconds, None: where the file begins or ends.

    `numbers`: the first and last frame of the part, counted from the file's first, which is 0, for data sets
    that say no times. `boxes`: frame, counted in the same way -> the box of the person who is meant, in the
    video's pixels; None where the data set marks no person. `longest`: seconds, a file that takes more is
    rejected as wrongly cut.
    """

    video: Path
    start: float | None = None
    end: float | None = None
    numbers: tuple[int, int] | None = None
    boxes: Mapping[int, Edges] | None = field(default=None, compare=False)
    longest: float | None = None


@dataclass(frozen=True)
class DrawnClip:
    """A clip that is drawn when it is wanted. `digest`: SHA-256 of what it shows. `draw`: greatest short side
    in pixels -> its frames from 0 to `seconds`, with the box of the person who is meant.
    """

    digest: str
    seconds: float
    draw: Callable[[int], Frames] = field(compare=False)


def find_video(files: ListedFiles, folder: Path, name: str) -> Path:
    """The video `name` in `folder`. Raises `UnusableError`: missing_video, or as `ListedFiles.find`."""
    path = files.find(folder, name)
    if not path.is_file():
        raise UnusableError("missing_video", f"no file {path}")
    return path
