"""Frames of one reading go to every clip that wants them, and are held no longer than that."""

from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from pacl_core.corpus.clips.clip import Clip, Source
from pacl_core.corpus.clips.cutting import CutClip, cut
from pacl_core.media.boxes import Box
from pacl_core.media.rejects import Rejected, UnusableError
from pacl_core.media.video import Frame
from pacl_core.params.clips import ClipsParams

PARAMS = ClipsParams(reader="none", path="none", fps=10, frames=None)


class Counting:
    """Frames at 10/s until `end`; notes the times that are asked for."""

    size = (20, 20)

    def __init__(self, end: float, broken: tuple[float, ...] = ()) -> None:
        self.asked: list[float] = []
        self._end, self._broken = end, broken

    def at(self, times: Iterable[float]) -> Iterator[Frame | UnusableError]:
        for time in times:
            self.asked.append(time)
            if time >= self._end:
                return
            if time in self._broken:
                yield UnusableError("truncated", "cut")
            else:
                yield Frame(time, np.full((10, 10, 3), round(time * 10) % 256, np.uint8))

    def boxes_at(self, time: float) -> list[Box] | None:
        return [Box(0, 0, 10, 10, time)]


def clip(name: str, start: float, end: float) -> Clip:
    return Clip(name, Source("v", "v"), start, end, name)


def summary(found: Iterable[CutClip | Rejected]) -> list[tuple[str, object]]:
    return [
        (one.source, one.reason) if isinstance(one, Rejected) else (one.clip.sample_id, len(one.frames))
        for one in found
    ]


def test_overlapping_clips_share_one_reading() -> None:
    source = Counting(9)
    clips = [clip("a", 0, 1), clip("b", 0.2, 0.5), clip("c", 0.2, 0.5), clip("d", 3, 3.2)]
    assert summary(cut(source, clips, PARAMS)) == [("b", 3), ("c", 3), ("a", 10), ("d", 2)]
    assert source.asked == sorted(source.asked)


def test_the_end_of_the_video_ends_all() -> None:
    clips = [clip("a", 0, 0.5), clip("b", 0.3, 0.9), clip("c", 0.4, 2), clip("d", 5, 6), clip("e", 7, 8)]
    assert summary(cut(Counting(0.6), clips, PARAMS)) == [
        ("a", 5),
        ("b", 3),
        ("c", 2),
        ("d", "past_the_end"),
        ("e", "past_the_end"),
    ]


def test_a_broken_frame_is_the_end_of_its_clips_alone() -> None:
    clips = [clip("a", 0, 0.5), clip("b", 0.3, 0.9), clip("c", 0.6, 0.9)]
    assert summary(cut(Counting(9, broken=(0.2,)), clips, PARAMS)) == [("a", "truncated"), ("b", 6), ("c", 3)]


def test_too_many_frames_of_a_clip_leave_the_others() -> None:
    clips = [clip("a", 0, 3000), clip("b", 0.1, 0.3)]
    assert summary(cut(Counting(9), clips, PARAMS)) == [("a", "too_many_frames"), ("b", 2)]


def test_the_middle_frame_and_boxes_in_its_pixels() -> None:
    (found,) = cut(Counting(9), [clip("a", 0, 0.5)], PARAMS)
    assert isinstance(found, CutClip)
    assert found.image.jpeg == found.frames[2]
    assert (found.image.width, found.image.height) == (10, 10)
    assert found.boxes is not None
    assert [boxes[0] for boxes in found.boxes] == [Box(0, 0, 5, 5, time) for time in found.times]


def test_the_last_frame_stands_in_for_a_middle_that_is_not_there() -> None:
    (found,) = cut(Counting(0.2), [clip("a", 0, 1)], PARAMS)
    assert isinstance(found, CutClip)
    assert len(found.frames) == 2
    assert found.image.jpeg == found.frames[1]


def test_no_clips_no_reading() -> None:
    source = Counting(9)
    assert summary(cut(source, [], PARAMS)) == []
    assert source.asked == []


def test_only_overlapping_clips_are_held() -> None:
    """Ten thousand clips one after the other: no more than one is open at a time."""
    opened: list[str] = []

    def clips() -> Iterator[Clip]:
        for number in range(10_000):
            opened.append(str(number))
            yield clip(str(number), number * 0.2, number * 0.2 + 0.1)

    found = cut(Counting(1e9), clips(), PARAMS)
    for place, one in enumerate(found):
        assert isinstance(one, CutClip)
        assert len(opened) <= place + 2


@pytest.mark.parametrize("boxes", ["[", "3", "[[1]]", '{"soon": []}', '{"0": [["a", 1, 2, 3]]}'])
def test_boxes_that_are_none(boxes: str) -> None:
    found = cut(Counting(9), [clip("a", 0, 0.5)._replace(boxes=boxes)], PARAMS)
    assert summary(found) == [("a", "bad_boxes")]
