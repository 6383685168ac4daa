"""Nearest to a centre, against sorting everything."""

import numpy as np

from pacl_core.methods.pacl import embedding_map as blocks
from pacl_core.methods.pacl.embedding_map import nearest


def test_nearest_are_those_of_a_full_sort(monkeypatch):
    """In pieces of 7 rows."""
    monkeypatch.setattr(blocks, "BLOCK", 7)
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
