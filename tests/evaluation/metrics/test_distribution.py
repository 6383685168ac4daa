"""The six measures against values worked by hand, and their properties."""

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.evaluation.metrics.distribution import canberra, chebyshev, clark, cosine, intersection, kl

TARGET = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
PREDICTION = np.array([[0.25, 0.75, 0.0], [0.5, 0.25, 0.25]])

BY_HAND = {
    chebyshev: (0.25 + 0.5) / 2,
    # row 1: (1/3)^2 + (1/5)^2 + nothing for 0 + 0; row 2: (1/3)^2 + 1 + 1
    clark: (sqrt(1 / 9 + 1 / 25) + sqrt(1 / 9 + 2)) / 2,
    canberra: ((1 / 3 + 1 / 5) + (1 / 3 + 1 + 1)) / 2,
    kl: ((0.5 * log(2) + 0.5 * log(2 / 3)) + log(2)) / 2,
    cosine: (0.5 / (sqrt(0.5) * sqrt(0.625)) + 0.5 / sqrt(0.375)) / 2,
    intersection: (0.75 + 0.5) / 2,
}


@pytest.mark.parametrize("measure", BY_HAND, ids=lambda measure: measure.__name__)
def test_equals_the_value_worked_by_hand(measure):
    assert measure(TARGET, PREDICTION) == pytest.approx(BY_HAND[measure])


def distributions(draw, rows=3, classes=4):
    raw = draw(
        st.lists(
            st.lists(st.integers(0, 9), min_size=classes, max_size=classes), min_size=rows, max_size=rows
        )
    )
    counts = np.array(raw, float)
    counts[:, 0] += counts.sum(axis=1) == 0
    return counts / counts.sum(axis=1, keepdims=True)


@given(st.data())
def test_a_perfect_prediction_has_the_best_value(data):
    d = distributions(data.draw)
    for distance in (chebyshev, clark, canberra, kl):
        assert distance(d, d) == pytest.approx(0)
    for similarity in (cosine, intersection):
        assert similarity(d, d) == pytest.approx(1)


@given(st.data())
def test_bounds_hold(data):
    d, p = distributions(data.draw), distributions(data.draw)
    assert 0 <= chebyshev(d, p) <= 1
    assert 0 <= clark(d, p) <= sqrt(4)
    assert 0 <= canberra(d, p) <= 4
    assert 0 <= cosine(d, p) <= 1 + 1e-12
    assert 0 <= intersection(d, p) <= 1 + 1e-12
    assert kl(d, p) >= -1e-12


def test_kl_is_infinite_where_a_needed_class_has_no_share():
    assert kl(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])) == float("inf")


@pytest.mark.parametrize(
    "wrong",
    [[[0.5, float("nan")]], [[-0.1, 1.1]], [[1.0]], [0.5, 0.5]],
    ids=["nan", "negative", "shape", "1-d"],
)
def test_what_is_no_distribution_is_refused(wrong):
    with pytest.raises(ValueError):
        chebyshev(np.array([[0.5, 0.5]]), np.array(wrong))
