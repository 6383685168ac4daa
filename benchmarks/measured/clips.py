"""A corpus of clips: one small video under many names, ten spans of each, with a text and boxes."""

import json
import os
from pathlib import Path

import av
import numpy as np

CLIPS = "clips.jsonl"
_OF_A_VIDEO, _SECONDS, _RATE = 10, 3.0, 10
_SIZE = (96, 128)


def write_clips(folder: Path, count: int) -> None:
    """`count` clips of 3 s in `folder`, a manifest named `CLIPS` with all of them; no two have one text."""
    folder.mkdir(parents=True)
    _write_video(folder / "video.mp4", _SECONDS + _OF_A_VIDEO / _RATE)
    rows = []
    for number in range(count):
        video, place = divmod(number, _OF_A_VIDEO)
        if not place:
            os.link(folder / "video.mp4", folder / f"{video}.mp4")
        start = place / _RATE
        row = {"video": f"{video}.mp4", "start": start, "end": start + _SECONDS, "boxes": [[9, 9, 60, 90]]}
        rows.append(json.dumps(row | {"text": f"somebody says sentence {number} of many"}))
    (folder / CLIPS).write_text("\n".join(rows), encoding="utf-8")


def _write_video(path: Path, seconds: float) -> None:
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_RATE, options={"preset": "ultrafast"})
        stream.height, stream.width, stream.pix_fmt = *_SIZE, "yuv420p"
        for _ in range(round(seconds * _RATE)):
            noise = rng.integers(0, 255, (*_SIZE, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noise, format="rgb24")))
        container.mux(stream.encode(None))
