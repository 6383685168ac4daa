"""A partition table in numbers and a few of its rows."""

import polars as pl
import pytest

from pacl_core.errors import UserError
from pacl_core.explorer.overview import overview
from tests.small_run import PAIRS


@pytest.fixture
def table(root):
    return root / "data/partition.parquet"


def test_the_same_seed_shows_the_same_pairs(table):
    assert overview(table, 3, seed=1) == overview(table, 3, seed=1)
    assert overview(table, 3, seed=1)["samples"] != overview(table, 3, seed=2)["samples"]


def test_samples_are_rows_of_their_partition_in_order(table):
    stored = pl.read_parquet(table)
    for name, rows in overview(table, PAIRS, seed=0)["samples"].items():
        own = stored.filter(partition=name)
        assert [row["sample_id"] for row in rows] == own["sample_id"].to_list()
        assert [row["factual_score"] for row in rows] == own["factual_score"].to_list()


def test_nan_is_a_score_that_is_missing(table, tmp_path):
    nan = pl.lit(float("nan"), pl.Float32).alias("emotional_score")
    pl.read_parquet(table).with_columns(nan).write_parquet(tmp_path / "nan.parquet")
    found = overview(tmp_path / "nan.parquet", 2, seed=0)
    assert found["missing"]["emotional_score"] == PAIRS
    assert {row["emotional_score"] for rows in found["samples"].values() for row in rows} == {None}


@pytest.mark.parametrize(
    ("name", "said"), [("gone", "missing; run 'dvc repro partition'"), ("pairs", "lacks")]
)
def test_another_table_is_refused(root, tmp_path, name, said):
    path = root / "data/pairs/part-00000.parquet" if name == "pairs" else tmp_path / name
    with pytest.raises(UserError, match=said):
        overview(path, 1, seed=0)
