"""Times of clips: what no clip can have, and where its frames are taken."""

import math

import pytest

from pacl_core.corpus.clips.clip import LONGEST, as_seconds, check_span, grid_times
from pacl_core.media.rejects import UnusableError


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        (math.nan, 1, "not_a_time"),
        (0, math.nan, "not_a_time"),
        (0, math.inf, "not_a_time"),
        (-1, 1, "not_a_time"),
        (2, 2, "end_before_start"),
        (2, 1, "end_before_start"),
        (0, LONGEST + 1, "too_long"),
    ],
)
def test_times_that_no_clip_has(start: float, end: float, reason: str) -> None:
    with pytest.raises(UnusableError) as error:
        check_span(start, end)
    assert error.value.reason == reason


def test_times_lie_on_the_grid_of_the_whole_video() -> None:
    assert grid_times(1.05, 2.0, fps=8, frames=None) == [1.125 + n / 8 for n in range(7)]
    assert grid_times(0.1, 0.4, fps=10, frames=None) == [0.1, 0.2, 0.3]  # 0.3 is no exact float


def test_frames_are_evenly_spaced_first_and_last_among_them() -> None:
    assert grid_times(0, 4, fps=8, frames=4) == [0, 1.25, 2.625, 3.875]
    assert len(grid_times(0, 4, fps=8, frames=16)) == 16
    assert len(grid_times(0, 1, fps=8, frames=16)) == 8


def test_a_clip_between_two_times_of_the_grid_has_its_start() -> None:
    assert grid_times(0.13, 0.2, fps=8, frames=16) == [0.13]


def test_all_frames_of_a_long_clip_are_too_many() -> None:
    assert len(grid_times(0, 3000, fps=8, frames=16)) == 16
    with pytest.raises(UnusableError, match="too_many_frames"):
        grid_times(0, 3000, fps=8, frames=None)


def test_seconds_as_people_write_them() -> None:
    assert [as_seconds(text) for text in ("1.5", " 2 ", "01:02.5", "1:00:01")] == [1.5, 2, 62.5, 3601]
    for wrong in ("", "soon", "1:2:3:4", "1;2"):
        with pytest.raises(UnusableError, match="not_a_time"):
            as_seconds(wrong)
