"""The flat map: distances of points that lie in a plane are kept, and small corpora have one too."""

import numpy as np
import pytest

from pacl_core.methods.pacl.embedding_map import flat_map


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
