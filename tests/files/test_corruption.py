"""One flipped bit anywhere: an error that names the file, or the very same content; never other data."""

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pacl_core.errors import UserError
from pacl_core.files.tables import Table, batches, read_table, scan_table, sink_table, write_table
from pacl_core.files.vectors import read_vectors, write_vectors

N = 3000
FLIPS = 300


@cache
def frame() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "sample_id": [f"post-{number}" for number in range(N)],
            "text": ["".join(rng.choice(list("abcdefgh "), 30)) for _ in range(N)],
            "score": pl.Series(rng.random(N), dtype=pl.Float32),
            "anps": [[f"happy {number % 7}", "sad dog"][: number % 3] for number in range(N)],
        }
    )


def flipped(path: Path, rng: random.Random) -> bytes:
    """Flip one bit of a file; returns what it was."""
    original = path.read_bytes()
    place = rng.randrange(len(original))
    changed = bytearray(original)
    changed[place] ^= 1 << rng.randrange(8)
    path.write_bytes(changed)
    return original


READERS: dict[str, Callable[[Path], pa.Table]] = {
    "read_table": read_table,
    "batches": lambda path: pa.Table.from_batches(batches(Table(path, tuple(frame().columns)), 700)),
    "scan_table": lambda path: scan_table(path).collect(engine="streaming").to_arrow(),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("writer", ["write_table", "sink_table"])
def test_parquet(tmp_path: Path, reader: str, writer: str) -> None:
    path = tmp_path / "table.parquet"
    expected = frame()
    if writer == "write_table":
        write_table(path, expected.to_arrow())
    else:
        sink_table(path, expected.lazy(), row_group=1000)
    assert pl.from_arrow(READERS[reader](path)).equals(expected)
    rng = random.Random(reader + writer)
    refused = 0
    for _ in range(FLIPS):
        original = flipped(path, rng)
        try:
            found = READERS[reader](path)
        except UserError as error:
            assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
            refused += 1
        else:
            assert pl.from_arrow(found).equals(expected)
        path.write_bytes(original)
    assert refused > FLIPS / 2


def test_vectors(tmp_path: Path) -> None:
    ids = tmp_path / "ids.parquet"
    frame().select("sample_id").write_parquet(ids)
    values = np.random.default_rng(0).random((N, 4), np.float32)
    folder = tmp_path / "vectors"
    write_vectors(folder, ids, lambda start, stop: values[start:stop], dim=4)
    assert (read_vectors(folder).vectors == values).all()
    rng = random.Random(0)
    for _ in range(FLIPS):
        original = flipped(folder / "vectors.npy", rng)
        with pytest.raises(UserError, match=r"vectors\.npy: not the bytes that checksum\.json describes"):
            read_vectors(folder)
        (folder / "vectors.npy").write_bytes(original)


def test_a_list_and_an_empty_frame_are_sunk_as_they_are(tmp_path: Path) -> None:
    sink_table(tmp_path / "empty.parquet", frame().head(0).lazy())
    assert scan_table(tmp_path / "empty.parquet").collect().equals(frame().head(0))


def test_row_groups_are_as_asked_whatever_polars_hands_over(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    sink_table(path, frame().lazy().filter(pl.col("score") > 0.3), row_group=256)
    metadata = pq.read_metadata(path)
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    assert set(sizes[:-1]) == {256} and sizes[-1] <= 256


@pytest.mark.parametrize("start", [0, 1, 255, 256, 700, 2999, 3000])
def test_batches_from_a_row(tmp_path: Path, start: int) -> None:
    """Over row groups and parts of other sizes than the batches."""
    for part, rows in enumerate((range(1000), range(1000, 1100), range(1100, N))):
        table = frame()[rows.start : rows.stop].to_arrow()
        pq.write_table(table, tmp_path / f"part-{part}.parquet", row_group_size=256)
    found = [batch["sample_id"].to_pylist() for batch in batches(Table(tmp_path, ("sample_id",)), 300, start)]
    assert [name for batch in found for name in batch] == frame()["sample_id"].to_list()[start:]
    assert all(len(batch) == 300 for batch in found[:-1])
