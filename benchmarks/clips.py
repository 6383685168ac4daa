"""Frames/s of cutting clips, per worker, over bare PyAV: rounds interleaved, medians of CPU seconds.

python benchmarks/clips.py [--seconds 24] [--rounds 3] [--size 1280x720]

bare    PyAV decodes the file with one thread and scales the frames that the clips want to RGB, nothing else
ours    the stage's store with one worker: the same frames by time, JPEG, hashes, parquet, state

The footage moves over a photograph-like texture, in H.264; clips of 4 s follow each other, of 16 frames each.
CPU seconds, as other work on the machine does not change them much. Goal: ours >= 0.7 of bare.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Interpolation
from PIL import Image

from pacl_core.corpus.clips.clip import Clip, Source, grid_times
from pacl_core.corpus.clips.clip_store import Corpus, write_clips
from pacl_core.corpus.clips.readers import opening
from pacl_core.corpus.pair_store import StorePaths
from pacl_core.params.clips import ClipsParams

RATE, CLIP = 25, 4.0


def textured(path: Path, seconds: int, size: tuple[int, int]) -> None:
    """A window that moves over noise of every scale, with grain that differs from frame to frame."""
    rng = np.random.default_rng(0)
    width, height = size
    layers = [
        np.asarray(
            Image.fromarray(rng.integers(0, 255, (height // s + 2, 2 * width // s + 2, 3), np.uint8)).resize(
                (2 * width, height + 64), Image.Resampling.BICUBIC
            ),
            np.float32,
        )
        for s in (64, 16, 4)
    ]
    ground = 0.5 * layers[0] + 0.3 * layers[1] + 0.2 * layers[2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(seconds * RATE):
            left, top = (3 * number) % width, round(32 + 30 * np.sin(number / 20))
            grain = rng.normal(0, 3, (height, width, 1)).astype(np.float32)
            frame = np.clip(ground[top : top + height, left : left + width] + grain, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))


def bare(path: Path, wanted: list[float], short_side: int) -> int:
    """Decode all, scale the wanted; the number of scaled frames."""
    done = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for frame in container.decode(stream):
            if done < len(wanted) and frame.time >= wanted[done] - 0.5 / RATE:
                scale = short_side / frame.height
                size = {"width": round(frame.width * scale), "height": short_side}
                frame.reformat(
                    **size, format="rgb24", interpolation=Interpolation.AREA, threads=1
                ).to_ndarray()
                done += 1
    return done


def ours(path: Path, clips: list[Clip], params: ClipsParams) -> int:
    """Cut the clips into a store; the number of frames."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "scratch").mkdir()
        paths = StorePaths(root / "clips", root / "rejected.parquet", root / "scratch")
        counts = write_clips(Corpus(lambda: iter(clips), opening(params)), params, paths)
    return int(counts["frames"])


def cpu_seconds(run: Callable[[], int], frames: int) -> float:
    begun = time.process_time()
    assert run() == frames
    return time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", default="1280x720")
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    params = ClipsParams(reader="clip_manifest", path="none")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "v.mp4"
        textured(path, given.seconds, (width, height))
        starts = np.arange(0, given.seconds, CLIP)
        clips = [Clip(f"{s:g}", Source("v", str(path)), s, s + CLIP, f"at {s:g}") for s in map(float, starts)]
        wanted = [
            t for one in clips for t in grid_times(one.start, one.end, fps=params.fps, frames=params.frames)
        ]
        found: dict[str, list[float]] = {"bare": [], "ours": []}
        for _ in range(given.rounds):
            found["bare"].append(cpu_seconds(lambda: bare(path, wanted, params.image_size), len(wanted)))
            found["ours"].append(cpu_seconds(lambda: ours(path, clips, params), len(wanted)))
    one, other = (statistics.median(found[name]) for name in ("bare", "ours"))
    decoded = given.seconds * RATE
    print(
        f"bare {decoded / one:6.0f} frames/s   ours {decoded / other:6.0f} frames/s   ratio {one / other:.2f}"
    )


if __name__ == "__main__":
    main()
