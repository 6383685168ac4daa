import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.partition.transforms import clipscore, minmax, rank

scores = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=50).map(lambda x: np.array(x, np.float32))


def test_clipscore_puts_the_published_threshold_at_cosine_028() -> None:
    assert clipscore(np.array([0.28, -0.5], np.float32)).tolist() == pytest.approx([0.7, 0.0])


@given(scores)
def test_rank_is_the_share_of_scores_not_higher(values: np.ndarray) -> None:
    def naive(one: float) -> float:
        below = sum(float(other) < one for other in values)
        equal = sum(float(other) == one for other in values)
        return (below + (equal + 1) / 2) / len(values)

    assert rank(values).tolist() == pytest.approx([naive(float(one)) for one in values])


@given(scores)
def test_minmax_stays_in_the_unit_interval_and_keeps_order(values: np.ndarray) -> None:
    scaled = minmax(values)
    assert scaled.min() >= 0 and scaled.max() <= 1
    in_order = scaled[np.argsort(values, kind="stable")]
    assert (np.diff(in_order) >= 0).all()


@pytest.mark.parametrize("transform", [clipscore, minmax, rank])
def test_an_unknown_score_stays_unknown(transform) -> None:
    transformed = transform(np.array([0.1, np.nan, 0.9], np.float32))
    assert np.isnan(transformed).tolist() == [False, True, False]
