"""Order statistics by two histograms, against sorting."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.files import buckets
from pacl_core.methods.pacl.partition.rank_values import rank_values
from tests.methods.pacl.partition.columns import column

# any float32 but infinities: cosines are tame, the bits need not be
floats = st.one_of(
    st.floats(width=32, allow_nan=False, allow_infinity=False), st.sampled_from([0.0, -0.0, 0.5])
)
scores = st.lists(st.one_of(floats, st.just(float("nan"))), max_size=40)


@settings(deadline=None)  # files on a busy disk
@given(scores)
def test_every_place_holds_what_sorting_puts_there(values: list[float]) -> None:
    known = np.sort(np.array([value for value in values if value == value], np.float32))
    found = column(values).order_statistics(range(len(known)))
    assert found == known.tolist()


def test_a_place_outside_is_an_error() -> None:
    with pytest.raises(IndexError):
        column([0.1, float("nan")]).order_statistics([1])


@settings(deadline=None)  # files on a busy disk
@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=60), st.sampled_from([0, 1, 37.5, 99, 100]))
def test_percentiles_are_those_of_numpy(values: list[float], percent: float) -> None:
    expected = np.percentile(np.array(values, np.float64), percent)
    assert column(values).percentile(percent) == pytest.approx(expected, abs=1e-7)


@settings(deadline=None)  # files on a busy disk
@given(scores, st.integers(1, 9))
def test_ranks_are_counted_whatever_the_buckets(values: list[float], rows_of_a_bucket: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(buckets, "ROWS", rows_of_a_bucket)
        found = rank_values(column(values))
    known = [np.float32(value) for value in values if value == value]
    for value, rank in zip(values, found.tolist(), strict=True):
        if value != value:
            assert rank != rank
        else:
            lower = sum(other < np.float32(value) for other in known)
            equal = sum(other == np.float32(value) for other in known)
            assert rank == lower + (equal + 1) / 2
