import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.params.data import ThresholdParams
from pacl_core.partition.matching import match

scores = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=60).map(lambda x: np.array(x, np.float32))


def test_a_score_at_the_threshold_is_not_matched() -> None:
    params = ThresholdParams(transform="raw", threshold=0.7)
    matched = match(np.array([0.7, 0.70001, 0.69], np.float32), params).matched
    assert matched.tolist() == [False, True, False]


def test_an_unknown_score_is_never_matched() -> None:
    params = ThresholdParams(transform="raw", threshold=-2)
    assert match(np.array([np.nan, 0.0], np.float32), params).matched.tolist() == [False, True]


@given(scores, st.floats(0, 1))
def test_a_target_share_is_reached_but_for_ties(values: np.ndarray, share: float) -> None:
    matching = match(values, ThresholdParams(transform="raw", share=share))
    wanted = round(share * len(values))
    found = int(matching.matched.sum())
    assert found <= wanted
    # one more step down would overshoot: only ties can keep the share from being reached
    ties = int((values == np.float32(matching.threshold)).sum())
    assert found + ties >= wanted
    if len(set(values.tolist())) == len(values):
        assert found == wanted


@given(scores, st.floats(-1, 1), st.floats(-1, 1))
def test_a_higher_threshold_never_matches_more(values: np.ndarray, one: float, other: float) -> None:
    low, high = sorted((one, other))
    loose = match(values, ThresholdParams(transform="raw", threshold=low)).matched
    strict = match(values, ThresholdParams(transform="raw", threshold=high)).matched
    assert (loose | ~strict).all()
