"""Frames of clips: which are taken, at what times, with what boxes, and why a clip has none."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pacl_core.datasets.clip_frames import (
    ClipFrames,
    Found,
    Taking,
    nearest,
    read_clips,
    stored_box,
    with_frames,
)
from pacl_core.datasets.clips import Clip, find_video
from pacl_core.media.images import NormalisedImage
from pacl_core.media.listed_files import ListedFiles
from pacl_core.media.rejects import UnusableError
from pacl_core.media.video import spread
from tests.published_trees import put
from tests.videos import Form, number_of, numbered, write_video

EIGHT = Taking(8, 256)


def numbers(found: Found) -> list[int]:
    assert isinstance(found, ClipFrames)
    return [number_of(np.asarray(Image.open(io.BytesIO(frame.jpeg)))) for frame in found.frames]


def reason(found: Found) -> str:
    assert isinstance(found, UnusableError)
    return found.reason


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "v.mp4", numbered(25))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 15, 22, 25])
def test_frames_are_evenly_spaced_and_repeat_in_short_clips(tmp_path: Path, count: int) -> None:
    path = write_video(tmp_path / "v.mp4", numbered(count))
    (found,) = read_clips(path, [Clip(path)], EIGHT)
    expected = [int(place) for place in np.round(np.linspace(0, count - 1, 8))]
    assert numbers(found) == expected
    assert isinstance(found, ClipFrames)
    assert found.times == pytest.approx([place / 25 for place in expected])
    assert found.middle is found.frames[4]


@pytest.mark.parametrize("count", range(1, 300, 7))
def test_places_at_a_constant_rate_are_round_linspace(count: int) -> None:
    times = np.arange(count) / 23.976 + 0.0417
    assert nearest(times, 8) == spread(count, 8)


def test_a_variable_rate_is_taken_by_time(tmp_path: Path) -> None:
    times = [0, 10, 20, 30, 40, 500, 1000]
    path = write_video(tmp_path / "v.mkv", numbered(7), Form(times=times))
    (found,) = read_clips(path, [Clip(path)], Taking(3, 256))
    assert numbers(found) == [0, 5, 6]
    assert isinstance(found, ClipFrames) and found.times == pytest.approx([0, 0.5, 1.0], abs=2e-3)


def test_many_clips_of_a_file_in_any_order(video: Path) -> None:
    clips = [Clip(video, 0.4, 0.8), Clip(video, 0.0, 0.2), Clip(video, 0.2, 0.4), Clip(video, 0.1, 0.9)]
    found = read_clips(video, clips, Taking(3, 256))
    assert [numbers(one) for one in found] == [[10, 14, 19], [0, 2, 4], [5, 7, 9], [3, 13, 22]]


def test_a_file_is_decoded_once(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pacl_core.datasets import clip_frames

    decoded = []
    opened = clip_frames.open_video
    monkeypatch.setattr(clip_frames, "open_video", lambda path: decoded.append(path) or opened(path))
    clips = [Clip(video, at / 10, at / 10 + 0.1) for at in range(9)]
    assert len(read_clips(video, clips, EIGHT)) == 9
    assert decoded == [video]


def test_a_film_that_is_shorter_than_its_numbers(video: Path) -> None:
    within, beyond = read_clips(video, [Clip(video, 0.8, 60.0), Clip(video, 1.2, 60.0)], EIGHT)
    assert numbers(within) == [20, 21, 21, 22, 22, 23, 23, 24]
    assert reason(beyond) == "past_end"


def test_spans_by_frame(video: Path) -> None:
    inside, over, past = read_clips(
        video,
        [Clip(video, numbers=(3, 9)), Clip(video, numbers=(20, 400)), Clip(video, numbers=(25, 30))],
        Taking(3, 256),
    )
    assert numbers(inside) == [3, 6, 9]
    assert numbers(over) == [20, 22, 24]
    assert reason(past) == "past_end"


def test_a_part_shorter_than_a_frame_has_the_one_that_is_shown(video: Path) -> None:
    (found,) = read_clips(video, [Clip(video, 0.41, 0.42)], EIGHT)
    assert numbers(found) == [10] * 8


@pytest.mark.parametrize(
    ("clip", "expected"),
    [
        ({"start": 0.5, "end": 0.5}, "bad_times"),
        ({"start": 0.5, "end": 0.4}, "bad_times"),
        ({"start": float("nan"), "end": 0.4}, "bad_times"),
        ({"longest": 0.5}, "too_long"),
    ],
)
def test_parts_that_are_none(video: Path, clip: dict[str, float], expected: str) -> None:
    whole, found = read_clips(video, [Clip(video), Clip(video, **clip)], EIGHT)  # type: ignore[arg-type]
    assert reason(found) == expected
    assert isinstance(whole, ClipFrames)


@pytest.mark.parametrize(
    ("data", "expected"), [(b"", "empty"), (b"\0" * 64, "not_a_video"), (None, "missing_video")]
)
def test_a_broken_file_is_the_reason_of_all_its_clips(
    tmp_path: Path, data: bytes | None, expected: str
) -> None:
    path = tmp_path / "v.mp4"
    if data is not None:
        put(path, data)
    found = read_clips(path, [Clip(path), Clip(path, 0, 1)], EIGHT)
    assert [reason(one) for one in found] == [expected] * 2


def test_boxes_are_of_the_frames_that_are_taken_in_stored_pixels(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", numbered(12, (128, 96)))
    boxes = {0: (10.0, 20.0, 30.0, 40.0), 6: (-20.0, 50.0, 64.0, 200.0), 11: (128.0, 0.0, 140.0, 9.0)}
    (found,) = read_clips(path, [Clip(path, boxes=boxes)], Taking(3, 48))
    assert numbers(found) == [0, 6, 11]
    assert isinstance(found, ClipFrames)
    assert found.frames[0].width == 64 and found.frames[0].height == 48
    assert found.boxes == ((5, 10, 15, 20), (0, 25, 32, 48), None)


def test_boxes_outside_of_the_picture_are_none() -> None:
    image = NormalisedImage(b"", 40, 30, "", 0)
    for box in ((-9, -9, -1, 5), (0, 60, 9, 80), (9, 9, 5, 20), (5, 5, 5, 9), (float("nan"), 0, 5, 5)):
        assert stored_box(box, (80, 60), image) is None
    assert stored_box((10, 10, 12, 18), (80, 60), image) == (5, 5, 6, 9)
    assert stored_box((-10, 50, 200, 90), (80, 60), image) == (0, 25, 40, 30)


def test_the_hash_is_of_the_file_and_the_part(video: Path, tmp_path: Path) -> None:
    copy = tmp_path / "other.mp4"
    put(copy, video.read_bytes())
    clips = [Clip(video, 0, 0.5), Clip(video, 0, 0.6)]
    hashes = [one.file_hash for one in read_clips(video, clips, EIGHT) if isinstance(one, ClipFrames)]
    (copied,) = read_clips(copy, [Clip(copy, 0, 0.5)], Taking(4, 32))
    assert isinstance(copied, ClipFrames) and copied.file_hash == hashes[0] != hashes[1]


def test_items_keep_their_order_whatever_the_workers(tmp_path: Path, video: Path) -> None:
    paths = [write_video(tmp_path / f"{number}.mp4", numbered(number + 1)) for number in range(5)]
    clips: list[Clip | None] = [Clip(path) for path in paths]
    clips[2:2] = [None, Clip(video, 0, 0.2), Clip(video, 0.2, 0.4), None, Clip(tmp_path / "none.mp4")]

    def told(workers: int) -> list[list[int] | str | None]:
        def items() -> Iterator[Clip | None]:
            yield from clips

        found = list(with_frames(items(), lambda one: one, Taking(2, 64), workers=workers))
        assert [clip for clip, _ in found] == clips
        return [
            None if one is None else one.reason if isinstance(one, UnusableError) else numbers(one)
            for _, one in found
        ]

    expected = [[0, 0], [0, 1], None, [0, 4], [5, 9], None, "missing_video", [0, 2], [0, 3], [0, 4]]
    assert told(1) == told(3) == expected


def test_a_video_that_a_list_names(tmp_path: Path) -> None:
    files = ListedFiles(tmp_path, "outside_dataset")
    put(tmp_path / "a" / "v.MP4", b"video")
    assert find_video(files, tmp_path, "a/v.mp4") == tmp_path / "a" / "v.MP4"
    for name, expected in (("a", "missing_video"), ("b.mp4", "missing_video"), ("../x", "outside_dataset")):
        with pytest.raises(UnusableError, match=expected):
            find_video(files, tmp_path, name)
