"""Small videos made with PyAV: every frame tells its number by a grey, so that tests see which was taken."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

STEP = 8  # of grey, between frames


class Form(NamedTuple):
    """How a video is written. `times`: when each frame begins, in 1/1000 s; None: 25 frames/s."""

    size: tuple[int, int] = (64, 48)
    times: Sequence[int] | None = None
    rotation: int | None = None
    aspect: Fraction | None = None
    codec: str = "libx264"
    options: dict[str, str] | None = None


def numbered(count: int, size: tuple[int, int] = (64, 48)) -> list[NDArray[np.uint8]]:
    """Frames of one grey each, 16 + 8 n; the top left quarter is white."""
    width, height = size
    frames = []
    for number in range(count):
        frame = np.full((height, width, 3), 16 + STEP * number, np.uint8)
        frame[: height // 2, : width // 2] = 255
        frames.append(frame)
    return frames


def number_of(pixels: NDArray[np.uint8]) -> int:
    """The number of a frame of `numbered`, by the median grey."""
    return round((float(np.median(pixels)) - 16) / STEP)


def write_video(path: Path, frames: Sequence[NDArray[np.uint8]], form: Form | None = None) -> Path:
    """Write RGB frames; their own size where they have one of `form`'s."""
    form = form or Form()
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(form.codec, rate=25, options={"g": "12", **(form.options or {})})
        height, width = frames[0].shape[:2]
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if width % 2 or height % 2:
            stream.pix_fmt = "yuv444p"
        if form.times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if form.aspect is not None:
            stream.codec_context.sample_aspect_ratio = form.aspect
        if form.rotation is not None:
            stream.set_display_rotation(form.rotation)
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            if form.times is None:
                frame.pts, frame.time_base = number, Fraction(1, 25)
            else:
                frame.pts, frame.time_base = form.times[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path) -> Path:
    """A file with sound only."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16_000, layout="mono")
        for number in range(16):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 16_000, number * 1024, Fraction(1, 16_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
