"""One lazy table of what a run says about its pairs, and their images by number."""

import shutil

import polars as pl
import pytest

from pacl_core.errors import UserError
from pacl_core.explorer.pairs import open_pairs
from tests.explorer.conftest import tables_of
from tests.small_run import PAIRS


def test_images_by_row_across_parts_and_row_groups(root, pairs):
    stored = pl.concat([pl.read_parquet(part) for part in sorted((root / "data/pairs").iterdir())])["image"]
    assert [pairs.jpeg(row) for row in reversed(range(PAIRS))] == stored.to_list()[::-1]
    for row in (-1, PAIRS):
        with pytest.raises(IndexError):
            pairs.jpeg(row)


def test_the_table_holds_every_pair_without_its_image(pairs):
    table = pairs.table.collect()
    assert (table.height, pairs.count) == (PAIRS, PAIRS)
    assert "image" not in table.columns
    assert {"factual_label", "provenance", "perceptual_hash", "anps"} <= pairs.columns
    assert table["row"].to_list() == list(range(PAIRS))


@pytest.fixture
def copy(root, tmp_path):
    shutil.copytree(root, tmp_path / "copy")
    return tmp_path / "copy"


def test_pseudo_labels_may_be_missing(copy):
    (copy / "data/pseudo_labels.parquet").unlink()
    assert "factual_label" not in open_pairs(tables_of(copy)).columns


@pytest.mark.parametrize("name", ["data/partition.parquet", "data/pairs"])
def test_partition_and_pairs_may_not(copy, name):
    path = copy / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(UserError, match=f"{name}: missing"):
        open_pairs(tables_of(copy))


def test_tables_of_different_runs_are_refused(copy):
    labels = copy / "data/pseudo_labels.parquet"
    pl.read_parquet(labels).reverse().write_parquet(labels)
    with pytest.raises(UserError, match="not of the same run"):
        open_pairs(tables_of(copy))
