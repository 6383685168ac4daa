from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.methods.pacl.partition.matching import Transform, clipscore, minmax, rank, raw
from pacl_core.methods.pacl.partition.scores import ScoreColumn
from tests.methods.pacl.partition.columns import column

scores = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=50).map(lambda x: np.array(x, np.float32))
Maker = Callable[[ScoreColumn], Transform]


def transformed(make: Maker, values: np.ndarray | list[float], size: int = 7) -> np.ndarray:
    """All values, transformed block by block."""
    read = column(values, size)
    transform, start, blocks = make(read), 0, []
    for block in read.blocks():
        blocks.append(transform.block(block, start))
        start += len(block)
    return np.concatenate(blocks)


def test_clipscore_puts_the_published_threshold_at_cosine_028() -> None:
    assert transformed(clipscore, [0.28, -0.5]).tolist() == pytest.approx([0.7, 0.0])


@settings(deadline=None)  # files on a busy disk
@given(scores)
def test_rank_is_the_share_of_scores_not_higher(values: np.ndarray) -> None:
    def naive(one: float) -> float:
        below = sum(float(other) < one for other in values)
        equal = sum(float(other) == one for other in values)
        return (below + (equal + 1) / 2) / len(values)

    assert transformed(rank, values).tolist() == pytest.approx([naive(float(one)) for one in values])


@settings(deadline=None)  # files on a busy disk
@given(scores)
def test_minmax_stays_in_the_unit_interval_and_keeps_order(values: np.ndarray) -> None:
    scaled = transformed(minmax, values)
    assert scaled.min() >= 0 and scaled.max() <= 1
    in_order = scaled[np.argsort(values, kind="stable")]
    assert (np.diff(in_order) >= 0).all()


def test_minmax_ends_at_the_1st_and_99th_percentile() -> None:
    values = np.linspace(-0.2, 0.6, 101, dtype=np.float32)
    scaled = transformed(minmax, values)
    assert scaled[[0, 1, 50, 99, 100]].tolist() == pytest.approx([0, 0, 0.5, 1, 1], abs=1e-6)


@pytest.mark.parametrize("make", [raw, clipscore, minmax, rank])
def test_an_unknown_score_stays_unknown(make: Maker) -> None:
    assert np.isnan(transformed(make, [0.1, np.nan, 0.9])).tolist() == [False, True, False]


@pytest.mark.parametrize("make", [raw, clipscore, minmax, rank])
@settings(deadline=None)  # files on a busy disk
@given(values=scores)
def test_one_score_is_transformed_as_in_its_block(make: Maker, values: np.ndarray) -> None:
    transform = make(column(values))
    assert [transform.one(float(value)) for value in values] == transformed(make, values).tolist()
