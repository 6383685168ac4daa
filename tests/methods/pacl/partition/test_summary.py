"""Counts by block against counting the whole table at once."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pacl_core.methods.pacl.partition import summary
from pacl_core.methods.pacl.partition.summary import Summary, summarise
from pacl_core.methods.pacl.partition.write_partition import Thresholds

N = 300


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    factual, emotional = rng.normal(0.3, 0.1, (2, N)).astype(np.float32)
    factual[::17] = np.nan
    frame = pl.DataFrame({"factual_value": factual, "emotional_value": emotional}).fill_nan(None)
    frame = frame.with_columns(
        (pl.col(f"{name}_value") > 0.3).fill_null(False).alias(f"{name}_matched")
        for name in ("factual", "emotional")
    )
    frame = frame.with_columns(partition=pl.Series(rng.choice(["strong", "weak"], N)))
    frame.write_parquet(tmp_path / "partition.parquet")
    return tmp_path / "partition.parquet"


def summarised(table: Path) -> Summary:
    return summarise(table, Thresholds(0.3, 0.3))


def test_pairs_and_matches_are_counted(table: Path) -> None:
    found, frame = summarised(table), pl.read_parquet(table)
    assert found.pairs["strong"] == (frame["partition"] == "strong").sum()
    assert found.pairs["partial_factual"] == 0
    assert sum(found.pairs.values()) == N
    assert found.matched == {name: frame[f"{name}_matched"].sum() for name in ("factual", "emotional")}


def test_blocks_change_nothing_and_the_plots_hold_each_known_pair(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = summarised(table)
    monkeypatch.setattr(summary, "BLOCK", 11)
    assert summarised(table) == whole
    frame = pl.read_parquet(table)
    values = frame["factual_value"].drop_nulls().to_numpy()
    histogram = whole.factual_histogram
    counts, edges = np.histogram(values, 50)
    both = np.add(histogram["matched"].to_numpy(), histogram["unmatched"].to_numpy())
    assert both.tolist() == counts.tolist()
    assert histogram["value"].to_pylist() == pytest.approx(((edges[1:] + edges[:-1]) / 2).tolist(), abs=1e-5)
    assert sum(whole.plane["pairs"].to_pylist()) == len(frame.drop_nulls())


def test_a_table_without_known_values_has_an_empty_plane(table: Path) -> None:
    frame = pl.read_parquet(table).with_columns(factual_value=pl.lit(None, pl.Float32))
    frame.write_parquet(table)
    assert summarised(table).plane.num_rows == 0
