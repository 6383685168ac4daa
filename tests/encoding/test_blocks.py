"""Every wanted row is in one block, in the file where it lies."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pacl_core.encoding.blocks import blocks_of, file_starts, spans


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 6), min_size=1, max_size=4),
    wanted=st.sets(st.integers(0, 23)),
    cuts=st.sets(st.integers(0, 30)),
)
def test_blocks_partition_the_wanted_rows(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], wanted: set[int], cuts: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("table")
    values = iter(range(24))
    for number, size in enumerate(sizes):
        rows = [next(values) for _ in range(size)]
        pl.DataFrame({"row": pl.Series(rows, dtype=pl.Int64)}).write_parquet(folder / f"{number}.parquet")
    rows = sorted(row for row in wanted if row < sum(sizes))
    blocks = blocks_of(folder, np.array(rows, np.int64), sorted(cuts))
    found = [pl.read_parquet(block.file)["row"].gather(np.asarray(block.rows)).to_list() for block in blocks]
    assert [row for block in found for row in block] == rows
    assert all(block for block in found)
    assert [block.number for block in blocks] == list(range(len(blocks)))
    inner = [*file_starts(folder), *cuts]
    assert not any(block[0] < cut <= block[-1] for block in found for cut in inner)


def test_spans_cover_a_file(tmp_path: Path) -> None:
    found = spans(tmp_path / "vectors.npy", [0, 4, 4, 9])
    assert [(block.number, list(block.rows)) for block in found] == [(0, [0, 1, 2, 3]), (1, [4, 5, 6, 7, 8])]
