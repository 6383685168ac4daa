"""Artefacts as the sections read them: what is missing is None, and pairs are found by id and by number."""

import polars as pl

from pacl_core.report.reading import optional_columns, optional_json, pairs_of, rows_of


def test_what_is_not_there_is_none(tmp_path):
    assert optional_json(tmp_path / "gone.json") is None
    assert optional_columns(tmp_path / "gone.csv") is None


def test_columns_of_numbers_without_the_rows_that_have_a_gap(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n3,\n5,6\n")
    assert optional_columns(path) == {"a": [1.0, 5.0], "b": [2.0, 6.0]}
    path.write_text("a,b\n")
    assert optional_columns(path) is None


def test_ids_and_rows_are_those_of_the_partition(root, artefacts):
    table = pl.read_parquet(root / "data/partition.parquet")
    found = rows_of(artefacts.partition, ["post00007", "post00399", "of another corpus"])
    assert found == {"post00007": 7, "post00399": 399}
    pairs = pairs_of(artefacts, [399, 7], ["sample_id", "text"])
    images = pl.read_parquet(root / "data/pairs/*.parquet")["image"]
    for row, pair in pairs.items():
        assert (pair["text"], pair["image"]) == (table["text"][row], images[row])
