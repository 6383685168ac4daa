"""Batches of several files and row groups, against plain slicing."""

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.errors import UserError
from pacl_core.files.tables import Table, aligned, batches, row_count, table_sha256, write_table


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 20), min_size=1, max_size=4),
    group=st.integers(1, 9),
    size=st.integers(1, 25),
)
def test_batches_are_the_rows_in_order_cut_at_size(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], group: int, size: int
) -> None:
    folder = tmp_path_factory.mktemp("table")
    rows = [f"row {i}" for i in range(sum(sizes))]
    start = 0
    for part, length in enumerate(sizes):
        frame = pl.DataFrame({"sample_id": pl.Series(rows[start : start + length], dtype=pl.String)})
        frame.write_parquet(folder / f"part-{part:05d}.parquet", row_group_size=group)
        start += length
    found = [batch["sample_id"].to_pylist() for batch in batches(Table(folder, ("sample_id",)), size)]
    assert found == [rows[at : at + size] for at in range(0, len(rows), size)]
    assert row_count(folder) == len(rows)


def test_polars_and_pyarrow_files_of_the_same_rows_go_together(tmp_path: Path) -> None:
    pl.DataFrame({"sample_id": ["a", "b"]}).write_parquet(tmp_path / "one.parquet")
    pq.write_table(pa.table({"sample_id": ["a", "b"]}), tmp_path / "two.parquet")
    tables = [Table(tmp_path / "one.parquet", ()), Table(tmp_path / "two.parquet", ())]
    assert len(list(aligned(tables, 10))) == 1


def test_tables_of_other_rows_are_refused(tmp_path: Path) -> None:
    pl.DataFrame({"sample_id": ["a", "b"]}).write_parquet(tmp_path / "one.parquet")
    pl.DataFrame({"sample_id": ["b", "a"]}).write_parquet(tmp_path / "two.parquet")
    tables = [Table(tmp_path / "one.parquet", ()), Table(tmp_path / "two.parquet", ())]
    with pytest.raises(UserError, match="different runs"):
        list(aligned(tables, 10))


def test_a_missing_table_names_the_path(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.parquet: missing"):
        list(batches(Table(tmp_path / "none.parquet", ("sample_id",)), 10))


def test_a_damaged_file_names_the_path(tmp_path: Path) -> None:
    path = tmp_path / "bad.parquet"
    pl.DataFrame({"sample_id": ["a", "b"]}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"bad\.parquet: unreadable parquet"):
        list(batches(Table(path, ("sample_id",)), 10))


def test_rows_of_a_table_do_not_run_into_each_other(tmp_path: Path) -> None:
    def hashed(*texts: str | None) -> str:
        write_table(tmp_path / "t.parquet", pa.table({"text": pa.array(texts, pa.string())}))
        return table_sha256(Table(tmp_path / "t.parquet", ("text",)))

    hashes = [hashed("ab", "c"), hashed("a", "bc"), hashed("abc"), hashed("None"), hashed(None)]
    assert len(set(hashes)) == 5
    assert hashed("ab", "c") == hashes[0]
