"""After a kill: whole shards are found again, and the first pair that is in none of them."""

from pathlib import Path

import polars as pl
import pytest

from pacl_core.methods.pacl.shards.unfinished import first_left, keep, kept


def write_shard(work: Path, number: int, content: bytes = b"tar") -> Path:
    tar = work / "shards/weak" / f"weak-{number:05d}.tar"
    tar.parent.mkdir(parents=True, exist_ok=True)
    tar.write_bytes(content)
    return tar


def test_noted_shards_are_kept_and_others_removed(tmp_path: Path) -> None:
    entries = [keep(tmp_path, write_shard(tmp_path, number), 5) for number in (0, 1)]
    unnoted = write_shard(tmp_path, 2)
    assert kept(tmp_path, "weak") == entries
    assert [entry["path"] for entry in entries] == ["weak/weak-00000.tar", "weak/weak-00001.tar"]
    assert not unnoted.exists()


def test_after_a_damaged_shard_none_is_kept(tmp_path: Path) -> None:
    first = keep(tmp_path, write_shard(tmp_path, 0), 5)
    for number in (1, 2):
        keep(tmp_path, write_shard(tmp_path, number), 5)
    write_shard(tmp_path, 1, b"other")
    assert kept(tmp_path, "weak") == [first]
    assert [tar.name for tar in (tmp_path / "shards/weak").iterdir()] == ["weak-00000.tar"]


@pytest.mark.parametrize(
    ("done", "row", "before"),
    [
        ({"strong": 0, "weak": 0}, 0, {}),
        ({"strong": 1, "weak": 0}, 1, {"strong": 1}),
        ({"strong": 2, "weak": 1}, 4, {"strong": 2, "weak": 1, "partial_factual": 1}),
        ({"strong": 2, "weak": 2}, 5, {"strong": 2, "weak": 2, "partial_factual": 1}),
    ],
)
def test_the_first_pair_left(tmp_path: Path, done: dict[str, int], row: int, before: dict[str, int]) -> None:
    names = ["strong", "weak", "partial_factual", "strong", "weak"]
    pl.DataFrame({"sample_id": list("abcde"), "partition": names}).write_parquet(tmp_path / "p.parquet")
    found = first_left(tmp_path / "p.parquet", {"partial_factual": 1 if row > 2 else 0, **done})
    assert found == (row, before)
