"""The grid behind the report's sliders, against counting by hand."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.methods.pacl.partition.matching import partition_places
from pacl_core.methods.pacl.partition.threshold_grid import round_steps, threshold_grid
from pacl_core.methods.pacl.partition.write_partition import Thresholds
from pacl_core.methods.pacl.partitions import PARTITIONS

MODES = ("both", "factual", "emotional", "none")


def partitioned(path, factual, emotional):
    pl.DataFrame(
        {
            "factual_value": pl.Series(factual, dtype=pl.Float32),
            "emotional_value": pl.Series(emotional, dtype=pl.Float32),
        }
    ).write_parquet(path, row_group_size=7)
    return path


def counted(factual, emotional, at_factual, at_emotional, mode):
    """Pair by pair: strictly above in float32, named as the stage names them."""
    names = []
    for f, e in zip(factual, emotional, strict=True):
        matched = (
            np.array([np.float32(f) > np.float32(at_factual)]),
            np.array([np.float32(e) > np.float32(at_emotional)]),
        )
        names.append(PARTITIONS[partition_places(*matched, mode)[0]])
    return {name: names.count(name) for name in PARTITIONS}


@pytest.mark.parametrize("mode", MODES)
def test_every_cell_is_what_the_stage_would_decide(tmp_path, mode):
    """Values on thresholds, and unknown ones, among them."""
    generator = np.random.default_rng(0)
    factual = [*generator.normal(0.3, 0.1, 30).round(2), float("nan"), 0.3, 0.3]
    emotional = [*generator.normal(0.1, 0.2, 30).round(2), 0.2, float("nan"), 0.2]
    known = [[None if np.isnan(value) else value for value in values] for values in (factual, emotional)]
    grid = threshold_grid(partitioned(tmp_path / "p.parquet", *known), Thresholds(0.3, 0.2), mode)
    assert {"factual_threshold": 0.3, "emotional_threshold": 0.2} in grid.select(
        ["factual_threshold", "emotional_threshold"]
    ).to_pylist()
    for row in grid.to_pylist()[::23]:
        at = row.pop("factual_threshold"), row.pop("emotional_threshold")
        assert row == counted(factual, emotional, *at, mode), at


def test_thresholds_are_round_numbers_and_the_runs_own(tmp_path):
    table = partitioned(tmp_path / "p.parquet", [0.02, 0.31], [0.1, 0.1])
    grid = threshold_grid(table, Thresholds(0.287654, 0.15), "both")
    across = sorted(set(grid["factual_threshold"].to_pylist()))
    assert 0.287654 in across
    assert [value for value in across if value != 0.287654] == [round(0.01 * i, 2) for i in range(1, 33)]
    assert sorted(set(grid["emotional_threshold"].to_pylist())) == [0.1, 0.15]


def test_no_known_value_leaves_the_runs_own_threshold(tmp_path):
    table = partitioned(tmp_path / "p.parquet", [None, None], [0.5, 0.7])
    grid = threshold_grid(table, Thresholds(0.7, 0.6), "both")
    assert set(grid["factual_threshold"].to_pylist()) == {0.7}
    assert {row["strong"] + row["partial_factual"] for row in grid.to_pylist()} == {0}


@settings(max_examples=60, deadline=None)
@given(low=st.floats(-5, 5), span=st.floats(1e-4, 100))
def test_steps_cover_the_range_and_are_few(low, span):
    steps = round_steps(low, low + span)
    assert steps[0] <= low + 1e-6 * span
    assert steps[-1] >= low + span - 1e-6 * span
    assert 2 <= len(steps) <= 43
    assert steps == sorted(set(steps))
