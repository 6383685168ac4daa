"""pacl inspect against counting by hand."""

import json
import shutil

import numpy as np
import polars as pl
import pytest

from tests.small_run import PAIRS


@pytest.fixture
def table(finished):
    return finished / "data/partition.parquet"


def test_json_is_what_counting_by_hand_gives(pacl, table):
    found = json.loads(pacl("inspect", table, "--json", "--samples", "2").out)
    rows = pl.read_parquet(table).to_dicts()
    assert found["pairs"] == PAIRS
    for name in ("strong", "partial_emotional", "partial_factual", "weak"):
        own = [row for row in rows if row["partition"] == name]
        assert found["counts"][name] == len(own)
        assert found["shares"][name] == pytest.approx(len(own) / PAIRS)
        assert len(found["samples"].get(name, [])) == min(2, len(own))
        assert all(
            sample["text"] in {row["text"] for row in own} for sample in found["samples"].get(name, [])
        )
    values = sorted(row["emotional_value"] for row in rows if row["emotional_value"] is not None)
    quantiles = found["quantiles"]["emotional_value"]
    assert [quantiles["min"], quantiles["max"]] == [values[0], values[-1]]
    assert quantiles["25%"] == pytest.approx(float(np.percentile(values, 25)))
    assert found["missing"] == {
        "factual_score": 0,
        "factual_value": 0,
        "emotional_score": 0,
        "emotional_value": 1,
    }


def test_it_fits_a_terminal_and_leaves_control_characters_out(pacl, table):
    done = pacl("inspect", table, "--samples", "40")
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 80
    assert "\u202e" not in done.out
    assert "strong" in done.out


def test_published_shares_are_next_to_those_of_the_papers_corpus_only(pacl, finished, tmp_path):
    """The run's metrics know which corpus it is; a table alone does not."""
    assert "published" not in pacl("inspect", finished / "data/partition.parquet").out
    shutil.copytree(finished / "data", tmp_path / "data")
    shutil.copytree(finished / "metrics", tmp_path / "metrics", dirs_exist_ok=True)
    path = tmp_path / "metrics/partition.json"
    shares = {"strong": 0.22, "partial": 0.51, "weak": 0.27}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"published_shares": shares}))
    said = pacl("inspect", tmp_path / "data/partition.parquet").out
    assert "published" in said and "51%" in said


def test_another_table_is_refused(pacl, finished):
    done = pacl("inspect", finished / "data/pseudo_labels.parquet")
    assert done.code == 1 and "not a partition table, it lacks" in done.err
