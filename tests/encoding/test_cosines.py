import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.encoding.cosines import row_cosines

rows = st.lists(st.tuples(*[st.floats(-9, 9, width=32)] * 6), min_size=1, max_size=20)


@given(rows)
def test_cosine_row_by_row(values: list[tuple[float, ...]]) -> None:
    left, right = np.array(values, np.float32)[:, :3], np.array(values, np.float32)[:, 3:]
    for found, a, b in zip(row_cosines(left, right), left.tolist(), right.tolist(), strict=True):
        lengths = math.hypot(*a) * math.hypot(*b)
        if lengths < 1e-6:
            continue  # too short for float32 to say more
        assert found == pytest.approx(sum(x * y for x, y in zip(a, b, strict=True)) / lengths, abs=1e-4)


def test_a_zero_vector_has_no_cosine() -> None:
    assert np.isnan(row_cosines(np.zeros((1, 2), np.float32), np.ones((1, 2), np.float32)))[0]
