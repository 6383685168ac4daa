"""Shards as any WebDataset reader sees them."""

import io
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import webdataset

from pacl_core.artefacts.hashing import file_sha256
from pacl_core.artefacts.json_file import read_json
from pacl_core.artefacts.vectors import write_vectors
from pacl_core.errors import UserError
from pacl_core.params.data import ShardsParams
from pacl_core.shards.write import write_shards

N = 30
NAMES = ("strong", "partial_emotional", "weak")  # partial_factual stays empty


@pytest.fixture
def artefacts(tmp_path: Path) -> Path:
    ids = [f"post-{i}" for i in range(N)]
    (tmp_path / "pairs").mkdir()
    pl.DataFrame(
        {
            "sample_id": ids,
            "text": [f"caption ü {i}" for i in range(N)],
            "image": [b"\xff\xd8" + bytes([i]) * 50 for i in range(N)],
        }
    ).write_parquet(tmp_path / "pairs" / "part-00000.parquet", row_group_size=7)
    pl.DataFrame(
        {
            "sample_id": ids,
            "partition": [NAMES[i % 3] for i in range(N)],
            "factual_score": pl.Series([i / 100 for i in range(N)], dtype=pl.Float32),
            "emotional_score": pl.Series([None if i == 4 else i / 50 for i in range(N)], dtype=pl.Float32),
        }
    ).write_parquet(tmp_path / "partition.parquet")
    pl.DataFrame(
        {
            "sample_id": ids,
            "factual_label": pl.Series([i % 2 for i in range(N)], dtype=pl.Int32),
            "emotional_label": pl.Series([i % 5 for i in range(N)], dtype=pl.Int32),
        }
    ).write_parquet(tmp_path / "pseudo_labels.parquet")
    vectors = np.arange(N * 4, dtype=np.float32).reshape(N, 4)
    write_vectors(tmp_path / "text", tmp_path / "pairs", lambda start, stop: vectors[start:stop], 4)
    return tmp_path


def write(folder: Path, **bounds: int) -> Path:
    write_shards(
        folder / "pairs",
        folder / "partition.parquet",
        folder / "pseudo_labels.parquet",
        folder / "text",
        folder / "shards",
        ShardsParams(**bounds),
    )
    return folder / "shards"


def test_a_webdataset_reader_finds_every_sample_with_its_members(artefacts: Path) -> None:
    shards = write(artefacts, max_samples=4)
    found = {}
    for tar in sorted(shards.rglob("*.tar")):
        for sample in webdataset.WebDataset(str(tar), shardshuffle=False):
            described = json.loads(sample["json"])
            assert described["partition"] == tar.parent.name
            found[described["sample_id"]] = sample
    assert sorted(found) == sorted(f"post-{i}" for i in range(N))
    for i in range(N):
        sample = found[f"post-{i}"]
        assert sample["txt"].decode() == f"caption ü {i}"
        assert sample["jpg"] == b"\xff\xd8" + bytes([i]) * 50
        embedding = np.load(io.BytesIO(sample["npy"]), allow_pickle=False)
        assert embedding.dtype == np.float32 and embedding.tolist() == [
            4 * i,
            4 * i + 1,
            4 * i + 2,
            4 * i + 3,
        ]
        described = json.loads(sample["json"])
        assert described["factual_label"] == i % 2 and described["emotional_label"] == i % 5
        assert described["emotional_score"] == (None if i == 4 else pytest.approx(i / 50))


def test_the_index_vouches_for_every_shard(artefacts: Path) -> None:
    shards = write(artefacts, max_samples=4)
    index = read_json(shards / "index.json")
    assert index["text_dim"] == 4
    assert index["partitions"]["partial_factual"] == {"samples": 0, "shards": []}
    assert [shard["samples"] for shard in index["partitions"]["strong"]["shards"]] == [4, 4, 2]
    for part in index["partitions"].values():
        for shard in part["shards"]:
            assert (shards / shard["path"]).stat().st_size == shard["bytes"]
            assert file_sha256(shards / shard["path"]) == shard["sha256"]


def test_the_same_inputs_give_the_same_bytes(artefacts: Path) -> None:
    first = {path.name: path.read_bytes() for path in write(artefacts).rglob("*") if path.is_file()}
    second = {path.name: path.read_bytes() for path in write(artefacts).rglob("*") if path.is_file()}
    assert first == second


def test_nothing_is_published_from_rows_of_another_run(artefacts: Path) -> None:
    labels = pl.read_parquet(artefacts / "pseudo_labels.parquet")
    labels.reverse().write_parquet(artefacts / "pseudo_labels.parquet")
    with pytest.raises(UserError, match="different runs"):
        write(artefacts)
    assert not (artefacts / "shards").exists()
