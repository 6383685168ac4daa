"""Distinct values against a dictionary, in one bucket and in many."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.encoding import distinct as module
from pacl_core.encoding.distinct import distinct
from pacl_core.files import buckets


def naive(values: list[str]) -> tuple[list[int], list[int]]:
    place: dict[str, int] = {}
    rows = []
    for row, value in enumerate(values):
        if value not in place:
            place[value] = len(rows)
            rows.append(row)
    return rows, [place[value] for value in values]


def found(values: list[str]) -> tuple[list[int], list[int]]:
    answer = distinct(pl.LazyFrame({"text": pl.Series(values, dtype=pl.String)}))
    return answer.rows.tolist(), answer.index.tolist()


@settings(deadline=None)  # files on a busy disk
@given(st.lists(st.text(alphabet="ab\x00é", max_size=3), max_size=60))
def test_each_value_once_where_it_stands_first(values: list[str]) -> None:
    assert found(values) == naive(values)


def test_many_buckets_and_blocks_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "ROWS", 100)
    monkeypatch.setattr(module, "_BLOCK", 70)
    monkeypatch.setattr(module, "_SPREAD", 9)
    values = [f"text {number}" for number in np.random.default_rng(0).integers(0, 900, 2000)]
    assert found(values) == naive(values)
