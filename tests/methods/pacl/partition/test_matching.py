import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.methods.pacl.params import ThresholdParams
from pacl_core.methods.pacl.partition.matching import matcher
from tests.methods.pacl.partition.columns import column

scores = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=60).map(lambda x: np.array(x, np.float32))


def match(values: np.ndarray, params: ThresholdParams) -> tuple[np.ndarray, np.ndarray, float]:
    """Values, matches, threshold."""
    decide = matcher(column(values), params)
    found, matched = decide(values, 0)
    return found, matched, decide.threshold


def test_a_score_at_the_threshold_is_not_matched() -> None:
    params = ThresholdParams(transform="raw", threshold=0.7)
    assert match(np.array([0.7, 0.70001, 0.69], np.float32), params)[1].tolist() == [False, True, False]


def test_an_unknown_score_is_never_matched() -> None:
    params = ThresholdParams(transform="raw", threshold=-2)
    assert match(np.array([np.nan, 0.0], np.float32), params)[1].tolist() == [False, True]


@pytest.mark.parametrize("transform", ["raw", "clipscore", "minmax", "rank"])
@settings(deadline=None)  # files on a busy disk
@given(values=scores, share=st.floats(0, 1))
def test_a_target_share_is_reached_but_for_ties(values: np.ndarray, share: float, transform: str) -> None:
    found, matched, threshold = match(values, ThresholdParams(transform=transform, share=share))
    wanted = round(share * len(values))
    assert matched.sum() <= wanted
    # one more step down would overshoot: only ties can keep the share from being reached
    assert matched.sum() + (found == np.float32(threshold)).sum() >= wanted
    if len(set(found.tolist())) == len(values):
        assert matched.sum() == wanted


def test_unknown_scores_count_towards_the_share() -> None:
    values = np.array([np.nan, np.nan, 0.1, 0.2], np.float32)
    assert match(values, ThresholdParams(transform="raw", share=0.25))[1].tolist() == [False] * 3 + [True]
    assert match(values, ThresholdParams(transform="raw", share=0.75))[1].tolist() == [False] * 2 + [True] * 2


@settings(deadline=None)  # files on a busy disk
@given(scores, st.floats(-1, 1), st.floats(-1, 1))
def test_a_higher_threshold_never_matches_more(values: np.ndarray, one: float, other: float) -> None:
    low, high = sorted((one, other))
    loose = match(values, ThresholdParams(transform="raw", threshold=low))[1]
    strict = match(values, ThresholdParams(transform="raw", threshold=high))[1]
    assert (loose | ~strict).all()
