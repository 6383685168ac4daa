"""The flat map keeps distances within a plane; nearest to a centre is what a full sort says."""

import numpy as np
import pytest

from pacl_core.methods.pacl import embedding_map
from pacl_core.methods.pacl.embedding_map import flat_map, nearest


def test_points_in_a_plane_keep_their_distances():
    generator = np.random.default_rng(0)
    plane = generator.normal(size=(40, 2)) @ np.linalg.qr(generator.normal(size=(9, 2)))[0].T + 5
    found = flat_map(plane, 100, normalise=False, seed=0)
    assert found.rows.tolist() == list(range(40))
    assert sum(found.explained) == pytest.approx(1)
    for a, b in ((0, 1), (5, 30), (12, 39)):
        own = np.linalg.norm(plane[a] - plane[b])
        assert np.linalg.norm(found.places[a] - found.places[b]) == pytest.approx(own)


def test_no_more_points_than_asked_for_and_the_same_ones_again():
    vectors = np.random.default_rng(1).normal(size=(300, 6)).astype(np.float32)
    one, again = (flat_map(vectors, 50, normalise=True, seed=3) for _ in range(2))
    assert len(set(one.rows.tolist())) == 50
    assert one.rows.tolist() == again.rows.tolist()
    assert one.places.tobytes() == again.places.tobytes()
    assert flat_map(vectors, 50, normalise=True, seed=4).rows.tolist() != one.rows.tolist()


@pytest.mark.parametrize("vectors", [np.ones((1, 3)), np.ones((5, 3)), np.arange(4.0)[:, None]])
def test_what_has_no_two_axes_lies_on_fewer(vectors):
    found = flat_map(vectors, 10, normalise=False, seed=0)
    assert found.places.shape == (len(vectors), 2)
    assert not found.places[:, 1].any()


def test_nearest_are_those_of_a_full_sort(monkeypatch):
    """In blocks of 7 rows."""
    monkeypatch.setattr(embedding_map, "BLOCK", 7)
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(60, 5)).astype(np.float32)
    labels = generator.integers(0, 3, 60)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    found = nearest(vectors, labels, 4, normalise=True)
    assert [(near.label, near.rank) for near in found] == [(k, r) for k in range(3) for r in (1, 2, 3, 4)]
    for label in range(3):
        rows = np.flatnonzero(labels == label)
        distances = np.linalg.norm(unit[rows] - unit[rows].mean(axis=0), axis=1)
        expected = rows[np.argsort(distances)][:4].tolist()
        assert [near.row for near in found if near.label == label] == expected


def test_the_same_image_posted_twice_is_shown_once():
    vectors = np.array([[0.0, 1], [0, 1], [0, 1], [1, 0], [3, 3]], np.float32)
    found = nearest(vectors, np.zeros(5, np.int32), 3, normalise=False)
    assert sorted(near.row for near in found) == [0, 3, 4]


def test_fewer_rows_than_asked_for_are_all_shown():
    found = nearest(np.eye(3, dtype=np.float32), np.array([0, 0, 1]), 5, normalise=True)
    assert [(near.label, near.row) for near in found] == [(0, 0), (1, 2)]  # 0 and 1 are equally near
