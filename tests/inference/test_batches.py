"""Files in order, with failures among them, whatever the size of a batch."""

import threading
from pathlib import Path

import pytest

from pacl_core.errors import UserError
from pacl_core.inference.batches import batches
from pacl_core.media.rejects import UnusableError

SPANS = {"long.mp4": 7, "short.mp4": 1, "cut.mp4": 3}


def read(path):
    """A picture is one row, a video one per span; bad.png fails, and cut.mp4 after its third span."""
    if path.name == "bad.png":
        raise UnusableError("not_a_picture", "it says so")
    if path.name == "away.mp4":
        raise UserError("video needs the package av")
    if path.suffix == ".png":
        yield None, path.name
    for number in range(SPANS.get(path.name, 0)):
        yield (float(number), number + 1.0), f"{path.name} {number}"
    if path.name == "cut.mp4":
        raise UnusableError("past_end", "no more")


PATHS = [Path(name) for name in ("1.png", "bad.png", "long.mp4", "cut.mp4", "away.mp4", "short.mp4", "2.png")]


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("workers", [1, 3])
def test_the_order_is_kept_and_nothing_is_lost(batch, workers):
    found = list(batches(PATHS, read, batch=batch, frames=1, workers=workers))
    assert all(len(rows) <= batch for rows in found)
    rows = [row for several in found for row in several]
    expected = [
        "1.png",
        "not_a_picture",
        *(f"long.mp4 {number}" for number in range(7)),
        *(f"cut.mp4 {number}" for number in range(3)),
        "past_end",
        "not_installed",
        "short.mp4 0",
        "2.png",
    ]
    assert [row.error.reason if row.error else row.made for row in rows] == expected
    assert [row.span for row in rows if row.path.name == "short.mp4"] == [(0.0, 1.0)]
    assert (
        next(row for row in rows if row.path.name == "away.mp4").error.detail == "video needs the package av"
    )


def test_a_batch_of_clips_has_as_many_frames_as_one_of_images():
    clips = batches([Path("long.mp4")], read, batch=16, frames=8, workers=1)
    assert [len(rows) for rows in clips] == [2, 2, 2, 1]
    images = batches([Path(f"{n}.png") for n in range(20)], read, batch=16, frames=8, workers=1)
    assert [len(rows) for rows in images] == [16, 4]


def test_a_long_video_is_read_as_it_is_wanted():
    begun, many = [], threading.Event()

    def endless(path):
        for number in range(10_000):
            begun.append(number)
            yield (float(number), number + 1.0), number
        many.set()

    found = batches([Path("film.mp4")], endless, batch=4, frames=1, workers=2)
    assert [row.made for row in next(found)] == [0, 1, 2, 3]
    assert [row.made for row in next(found)] == [4, 5, 6, 7]
    found.close()
    assert len(begun) <= 16 and not many.is_set()
