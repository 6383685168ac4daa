"""Damaged videos of every container: each ends as clips or rejections, soon, in bounded memory.

The slow set runs `SLOW` inputs of each container, 2,004 in all; the normal set some dozens. Subtitles,
transcripts, boxes and HDF5 are damaged too.
"""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pacl_core.corpus.clips.clip import Clip, Source
from pacl_core.corpus.clips.cutting import CutClip, cut
from pacl_core.corpus.clips.frames import open_frames
from pacl_core.corpus.clips.readers import read_clips
from pacl_core.media.images import decode_jpeg
from pacl_core.media.rejects import Rejected, UnusableError
from pacl_core.params.clips import ClipsParams
from tests.corpus.clips.readers.test_youtube import video_folder
from tests.corpus.mutations import mutated
from tests.corpus.test_fuzz import run
from tests.videos import Form, write_sound, write_video

NORMAL, SLOW = 10, 334  # of each of six containers
REASON = re.compile(r"[a-z_]+")
FORMS = {
    "mp4": [Form(), Form(rotation=90, times=[0, 40, 500, 520, 900, 1300, 1400, 1500])],
    "mkv": [Form()],
    "webm": [Form(codec="libvpx-vp9", options={"deadline": "realtime", "cpu-used": "8"})],
    "avi": [Form(codec="mpeg4"), Form(codec="mpeg2video")],
    "ts": [Form()],
    "mov": [Form(codec="mpeg4")],
}
PARAMS = ClipsParams(reader="none", path="none", image_size=32, fps=8, frames=4)


def originals(folder: Path, suffix: str) -> list[bytes]:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(8)]
    found = []
    for number, form in enumerate(FORMS[suffix]):
        found.append(write_video(folder / f"{number}.{suffix}", frames, form).read_bytes())
    return found


def clips_of(path: Path) -> list[Clip]:
    source = Source(path.name, str(path))
    return [Clip(str(start), source, start / 10, start / 10 + 0.2, "text") for start in range(4)]


def check_cut(path: Path) -> None:
    """Every clip is a clip with frames, or has a reason."""
    clips = clips_of(path)
    try:
        with open_frames(clips[0].source, 32) as frames:
            found = list(cut(frames, clips, PARAMS))
    except UnusableError as error:
        assert REASON.fullmatch(error.reason) and error.detail
        return
    assert len(found) == len(clips)
    for one in found:
        if isinstance(one, CutClip):
            assert one.times == sorted(one.times)
            sizes = {decode_jpeg(frame).size for frame in one.frames}
            assert len(sizes) == 1 and min(sizes.pop()) <= 50 * 32
        else:
            assert REASON.fullmatch(one.reason) and one.detail


@pytest.mark.parametrize(
    "count", [pytest.param(NORMAL, id="normal"), pytest.param(SLOW, id="slow", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("suffix", FORMS)
def test_videos(tmp_path: Path, suffix: str, count: int) -> None:
    own = originals(tmp_path / "whole", suffix)
    others = [*own, write_sound(tmp_path / "whole/sound.m4a").read_bytes()]
    path = tmp_path / f"damaged.{suffix}"

    def one(rng: random.Random) -> None:
        path.write_bytes(mutated(rng.choice(own), others, rng))
        check_cut(path)
        assert {file.name for file in tmp_path.iterdir()} == {"whole", path.name}

    run(f"video {suffix}", count, one)


def check_list(found: Iterator[Clip | Rejected]) -> None:
    for item in found:
        if isinstance(item, Rejected):
            assert REASON.fullmatch(item.reason)
        else:
            assert isinstance(item.start, float) and isinstance(item.end, float)
            item.text.encode("utf-8", "surrogatepass")


TEXTS = [
    b"1\n00:00:00,200 --> 00:00:01,000\nHi <i>you</i>.\n\n2\n00:00:01,000 --> 00:00:02,000\n[no] \xe9\n\n",
    b"WEBVTT\n\n00:00.000 --> 00:01.000 align:start\nOh?\n\nNOTE x\n\n00:02.000 --> 00:03.000\nNo!\n",
]
LINES = json.dumps([{"text": "a", "start": 0, "end": 1, "duration": 1}] * 3).encode()
BOXES = json.dumps([{"00000001.jpg": [[0, 0, 640, 640, 0.9]]}, {"00000002.jpg": []}]).encode()


@pytest.mark.parametrize(
    "count", [pytest.param(NORMAL, id="normal"), pytest.param(SLOW, id="slow", marks=pytest.mark.slow)]
)
def test_what_comes_with_videos(tmp_path: Path, count: int) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s/a.mp4").write_bytes(b"-")
    (tmp_path / "s/b.mp4").write_bytes(b"-")
    folder = video_folder(tmp_path / "y", "v", "hdf5", count=2)
    hdf5 = (folder / "frames.hdf5").read_bytes()

    def one(rng: random.Random) -> None:
        for name, text in (("a.srt", TEXTS[0]), ("b.vtt", TEXTS[1])):
            (tmp_path / "s" / name).write_bytes(mutated(text, TEXTS, rng))
        check_list(read_clips(ClipsParams(reader="subtitles", path=str(tmp_path / "s"))))
        (folder / "transcript_cleaned.json").write_bytes(mutated(LINES, [*TEXTS, BOXES], rng))
        check_list(read_clips(ClipsParams(reader="youtube", path=str(tmp_path / "y"))))
        (folder / "human_boxes.json").write_bytes(mutated(BOXES, [LINES], rng))
        (folder / "frames.hdf5").write_bytes(hdf5 if rng.random() < 0.5 else mutated(hdf5, [LINES], rng))
        source = Source("v", str(folder / "frames.hdf5"), str(folder / "human_boxes.json"))
        try:
            with open_frames(source, 32) as frames:
                assert len(list(cut(frames, [Clip("1", source, 0.0, 0.25, "t")], PARAMS))) == 1
        except UnusableError as error:
            assert REASON.fullmatch(error.reason)

    run("subtitles, transcripts, boxes, HDF5", count, one)
