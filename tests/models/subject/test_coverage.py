"""Boxes in views of an image, coverage of patches, and hostile boxes."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.models.subject.coverage import View, as_boxes, clipped, coverage, in_view

NAN, INF = math.nan, math.inf


def test_what_is_no_box_is_left_out_and_the_rest_is_clipped() -> None:
    hostile = [
        [-50, -50, -1, -1],
        [120, 20, 140, 40],
        [30, 10, 20, 40],
        [10, 40, 20, 30],
        [5, 5, 5, 9],
        [5, 5, 9, 5],
        [NAN, 0, 10, 10],
        [0, 0, NAN, NAN],
        [INF, INF, -INF, -INF],
    ]
    assert clipped(as_boxes(hostile), (100, 50)).shape == (0, 4)
    assert clipped(as_boxes([[-INF, -3, 60.5, INF]]), (100, 50)).tolist() == [[0, 0, 60.5, 50]]
    assert clipped(as_boxes([]), (100, 50)).shape == (0, 4)
    assert not coverage(as_boxes(hostile), 32, 8).any()


def test_boxes_go_through_the_resize_and_crop_of_the_image() -> None:
    view = View(width=400, height=200, left=100, top=20, side=150)
    boxes = as_boxes([[50, 10, 75, 55], [0, 0, 40, 100], [0, 0, 200, 100]])
    assert in_view(boxes, (200, 100), view).tolist() == [[0, 0, 50, 90], [0, 0, 150, 150]]


def naive_coverage(boxes: list[list[float]], side: int, patch: int) -> list[float]:
    grid = side // patch
    mask = [[False] * side for _ in range(side)]
    for left, top, right, bottom in boxes:
        for y in range(max(0, math.floor(top)), min(side, math.ceil(bottom))):
            for x in range(max(0, math.floor(left)), min(side, math.ceil(right))):
                mask[y][x] = True
    return [
        sum(mask[r * patch + y][c * patch + x] for y in range(patch) for x in range(patch)) / patch**2
        for r in range(grid)
        for c in range(grid)
    ]


corner = st.floats(-10, 40)
extent = st.floats(0.1, 30)
box = st.tuples(corner, corner, extent, extent).map(lambda b: [b[0], b[1], b[0] + b[2], b[1] + b[3]])


@settings(deadline=None, max_examples=60)
@given(boxes=st.lists(box, max_size=5), seed=st.randoms())
def test_coverage_is_that_of_a_painted_mask_in_any_order(boxes: list[list[float]], seed) -> None:  # type: ignore[no-untyped-def]
    found = coverage(as_boxes(boxes), 32, 8)
    inside = clipped(as_boxes(boxes), (32, 32)).tolist()
    assert found.tolist() == pytest.approx(naive_coverage(inside, 32, 8))
    shuffled = seed.sample(boxes, len(boxes))
    assert coverage(as_boxes(shuffled), 32, 8).tolist() == found.tolist()


@settings(deadline=None)
@given(x=st.integers(0, 8), y=st.integers(0, 8))
def test_a_box_moved_by_a_patch_moves_its_coverage_by_a_place(x: int, y: int) -> None:
    one = coverage(as_boxes([[x, y, x + 9, y + 11]]), 32, 8).reshape(4, 4)
    right = coverage(as_boxes([[x + 8, y, x + 17, y + 11]]), 32, 8).reshape(4, 4)
    assert (right[:, 1:] == one[:, :-1]).all() and not right[:, 0].any()
    below = coverage(as_boxes([[x, y + 8, x + 9, y + 19]]), 32, 8).reshape(4, 4)
    assert (below[1:] == one[:-1]).all() and not below[0].any()


def test_edges_are_rounded_outward() -> None:
    assert coverage(as_boxes([[7.9, 0, 8.1, 8]]), 16, 8).tolist() == [1 / 8, 1 / 8, 0, 0]


def test_pixels_behind_the_last_whole_patch_do_not_count() -> None:
    assert coverage(as_boxes([[0, 0, 20, 20]]), 20, 8).tolist() == [1, 1, 1, 1]


def test_ten_thousand_boxes_take_no_time() -> None:
    rng = np.random.default_rng(0)
    corners = rng.uniform(-50, 250, (10_000, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(-5, 50, (10_000, 2))], axis=1)
    started = time.perf_counter()
    found = coverage(boxes, 224, 32)
    assert time.perf_counter() - started < 1.0
    assert found.shape == (49,) and found.min() >= 0 and found.max() == 1
