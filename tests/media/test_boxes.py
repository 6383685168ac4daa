"""Boxes in stored pixels; the published cases with the letterbox' padding taken off."""

import math

import pytest

from pacl_core.media.boxes import MOST, Box, from_letterbox, read_boxes, stored_boxes

# original size, stored size, box in letterboxed pixels, the same in stored pixels (fixtures of the design)
PUBLISHED = [
    ((640, 360), (455, 256), (100.0, 150.0, 300.0, 380.0, 0.9), (71.09375, 98.13333, 213.2812, 256)),
    ((1280, 720), (455, 256), (0.0, 12.0, 640.0, 372.0, 0.9), (0.0, 0.0, 455.0, 256.0)),
    ((640, 480), (341, 256), (600.0, -5.0, 660.0, 500.0, 0.6), (319.6875, 0.0, 341, 256)),
    ((480, 640), (256, 341), (10.0, 20.0, 200.0, 300.0, 0.4), (5.333333, 10.65625, 106.6667, 159.8438)),
]


@pytest.mark.parametrize(("size", "stored", "box", "correct"), PUBLISHED)
def test_published_boxes_without_the_padding(
    size: tuple[int, int], stored: tuple[int, int], box: tuple[float, ...], correct: tuple[float, ...]
) -> None:
    kept, left_out = stored_boxes([from_letterbox(Box(*box), size)], size, stored)
    assert kept[0][:4] == pytest.approx(correct, abs=1e-4)
    assert kept[0].score == box[4]
    assert not left_out


def test_what_is_left_out_is_counted_and_the_others_keep_their_order() -> None:
    boxes = [
        Box(1, 1, 5, 5, 0.3),
        Box(math.nan, 1, 5, 5),
        Box(5, 1, 1, 5),
        Box(1, 1, 1, 5),
        Box(20, 1, 30, 5),
        Box(0, 0, math.inf, 5),
        Box(-9, -9, 99, 99, 0.9),
    ]
    kept, left_out = stored_boxes(boxes, (10, 10), (20, 10))
    assert kept == [Box(2, 1, 10, 5, 0.3), Box(0, 0, 20, 10, 0.9)]
    assert left_out == {"not_finite": 2, "inverted_or_flat": 2, "outside": 1}


def test_ten_thousand_boxes_are_some() -> None:
    kept, left_out = stored_boxes([Box(0, 0, 1, 1)] * 10_000, (10, 10), (10, 10))
    assert (len(kept), left_out) == (MOST, {"beyond_most": 10_000 - MOST})


def test_boxes_as_json() -> None:
    assert read_boxes([[1, 2, 3, 4], [1.5, 2, 3, 4, 0.5]]) == [Box(1, 2, 3, 4), Box(1.5, 2, 3, 4, 0.5)]
    assert read_boxes([]) == []
    assert not math.isfinite(read_boxes([[10**400, 0, 1, 1]])[0].left)


@pytest.mark.parametrize(
    "wrong", [None, {}, "box", [1, 2, 3, 4], [[1, 2, 3]], [[1, 2, 3, "4"]], [[1, 2, 3, True]]]
)
def test_what_is_no_list_of_boxes(wrong: object) -> None:
    with pytest.raises(ValueError, match="box"):
        read_boxes(wrong)


@pytest.mark.parametrize("width", [147, 281, 294, 640, 1280])
def test_a_side_that_fills_the_detectors_pixels_has_no_padding(width: int) -> None:
    assert from_letterbox(Box(0, 0, 640, 640), (width, width))[:4] == pytest.approx((0, 0, width, width))
