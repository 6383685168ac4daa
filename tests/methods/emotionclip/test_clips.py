"""What a model sees of a clip: which frames, which part of them, where the subject is in it."""

import io

import numpy as np
import pytest
from PIL import Image

from pacl_core.methods.emotionclip.clips import Clips, ClipViews, Frames, drawn, evenly, view_of
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.subject.coverage import View, as_boxes

PREPROCESS = Preprocess(28, 28, "shortest", "bicubic", (0.5,) * 3, (0.25,) * 3)


def numbered(stored: int, size: tuple[int, int] = (60, 32), box: tuple[float, ...] | None = None) -> Clips:
    """Frame n is grey of value 20 n."""

    def png(value: int) -> bytes:
        stream = io.BytesIO()
        Image.new("RGB", size, (value,) * 3).save(stream, "PNG")
        return stream.getvalue()

    boxes = [as_boxes([box] if box else [])] * stored
    frames = Frames([png(20 * number) for number in range(stored)], boxes)
    return Clips(["one"], ["text"], np.zeros((1, 7), np.float32), lambda row: frames)


def shown(views: ClipViews, epoch: int) -> list[int]:
    return [int(pixels[0, 0, 0]) // 20 for pixels in views.random(0, (0, epoch)).pixels]


def test_evenly_over_the_clip_and_repeated_where_there_are_fewer() -> None:
    assert evenly(16, 8) == [0, 2, 4, 6, 9, 11, 13, 15]
    assert evenly(3, 8) == [0, 0, 1, 1, 1, 1, 2, 2]
    assert evenly(1, 3) == [0, 0, 0] and evenly(5, 1) == [0]


def test_frames_are_drawn_in_order_without_repetition_others_in_each_epoch() -> None:
    views = ClipViews(numbered(12), PREPROCESS, 14, 5)
    found = [shown(views, epoch) for epoch in range(20)]
    assert all(one == sorted(set(one)) and len(one) == 5 for one in found)
    assert found[0] == shown(views, 0) and len({tuple(one) for one in found}) > 10
    assert {frame for one in found for frame in one} == set(range(12))
    assert shown(ClipViews(numbered(2), PREPROCESS, 14, 4), 0) == [0, 0, 1, 1]


def test_a_clip_has_one_crop_unless_frames_have_their_own() -> None:
    box = (20.0, 4.0, 40.0, 28.0)
    for crop, count in (("clip", 1), ("frame", 4)):
        views = ClipViews(numbered(4, box=box), PREPROCESS, 4, 4, crop)
        coverages = {one.tobytes() for one in views.random(0, (0, 1)).coverage}
        assert len(coverages) == count


def test_the_box_is_where_the_subject_is_in_the_view() -> None:
    """A white square over black: pixels are white exactly where patches are covered."""
    image = Image.new("RGB", (64, 64), "black")
    image.paste("white", (16, 16, 48, 48))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    frames = Frames([stream.getvalue()], [as_boxes([(16, 16, 48, 48)])])
    clips = Clips(["a"], ["b"], np.zeros((1, 2), np.float32), lambda row: frames)
    for seen in (
        ClipViews(clips, PREPROCESS, 7, 1).plain(0),
        *(ClipViews(clips, PREPROCESS, 7, 1).random(0, (0, epoch)) for epoch in range(5)),
    ):
        white = seen.pixels[0, 0].reshape(4, 7, 4, 7).mean(axis=(1, 3)) / 255
        np.testing.assert_allclose(white.reshape(-1), seen.coverage[0], atol=0.2)


def test_the_plain_view_is_the_models_own() -> None:
    clips = numbered(1, size=(61, 47))
    pixels = ClipViews(clips, PREPROCESS, 14, 1).plain(0).pixels[0]
    image = Image.open(io.BytesIO(clips.frames(0).images[0]))
    np.testing.assert_array_equal(pixels, PREPROCESS.pixels(image))


@pytest.mark.parametrize("size", [(64, 64), (200, 50), (50, 200), (5, 90), (28, 28)])
@pytest.mark.parametrize("place", [(0.0, 0.0), (0.5, 0.5), (0.999, 0.999)])
def test_views_lie_inside_the_image(size: tuple[int, int], place: tuple[float, float]) -> None:
    for mode in ("shortest", "squash"):
        preprocess = Preprocess(28, 32, mode, "bicubic", (0.5,) * 3, (0.25,) * 3)  # type: ignore[arg-type]
        view = view_of(size, preprocess, place)
        assert view.left >= 0 and view.left + 28 <= view.width
        assert view.top >= 0 and view.top + 28 <= view.height
    assert view_of((64, 64), PREPROCESS, None) == View(28, 28, 0, 0, 28)


def test_a_pass_has_whole_batches_only() -> None:
    rows = np.arange(10, 21)
    batches = drawn(rows, 4, (0, 0))
    assert [len(one) for one in batches] == [4, 4]
    assert len({row for one in batches for row in one.tolist()}) == 8
    assert [sorted(one.tolist()) for one in drawn(rows, 50, (0, 0))] == [rows.tolist()]
