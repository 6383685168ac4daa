"""Shards as any WebDataset reader sees them."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import webdataset

from pacl_core.errors import UserError
from pacl_core.files.hashing import file_sha256
from pacl_core.files.json_csv import read_json
from pacl_core.files.vectors import write_vectors
from pacl_core.methods.pacl.params import ShardsParams
from pacl_core.methods.pacl.shards.write_shards import Inputs, write_shards

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
            "pixel_hash": [f"{i:064x}" for i in range(N)],
            "perceptual_hash": pl.Series([2**64 - 1 - i for i in range(N)], dtype=pl.UInt64),
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
    write_vectors(tmp_path / "text", tmp_path / "pairs", lambda start, stop: vectors[start:stop], dim=4)
    return tmp_path


def write(folder: Path, **bounds: int) -> Path:
    inputs = Inputs(
        folder / "pairs", folder / "partition.parquet", folder / "pseudo_labels.parquet", folder / "text"
    )
    write_shards(inputs, folder / "shards", ShardsParams(**bounds), work=folder / "work")
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
        assert described["pixel_hash"] == f"{i:064x}"
        assert int(described["perceptual_hash"], 16) == 2**64 - 1 - i


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


def test_a_stopped_run_goes_on_behind_its_whole_shards(
    artefacts: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    undisturbed = {path.name: path.read_bytes() for path in write(artefacts, max_samples=3).rglob("*.*")}
    shutil.rmtree(artefacts / "shards")
    added = count_samples(monkeypatch)
    for stop_at in (11, 9, 7):  # samples that a run writes before it stops
        added.clear()
        added.stop_at = stop_at
        with pytest.raises(InterruptedError):
            write(artefacts, max_samples=3)
        assert not (artefacts / "shards").exists()
    added.clear()
    added.stop_at = None
    with caplog.at_level("INFO"):
        found = {path.name: path.read_bytes() for path in write(artefacts, max_samples=3).rglob("*.*")}
    assert found == undisturbed
    # of each partition at most a shard less one sample is written again, each time
    assert len(added) <= N / 2
    assert f"continuing after {N - len(added)} of {N}" in caplog.text


def test_a_damaged_whole_shard_is_written_again(artefacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    undisturbed = {path.name: path.read_bytes() for path in write(artefacts, max_samples=3).rglob("*.*")}
    added = count_samples(monkeypatch)
    added.stop_at = 25
    with pytest.raises(InterruptedError):
        write(artefacts, max_samples=3)
    shard = artefacts / "work/shards/weak/weak-00001.tar"
    shard.write_bytes(shard.read_bytes()[:700] + b"!" + shard.read_bytes()[701:])
    added.stop_at = None
    found = {path.name: path.read_bytes() for path in write(artefacts, max_samples=3).rglob("*.*")}
    assert found == undisturbed


class _Added(list):
    stop_at: int | None = None


def count_samples(monkeypatch: pytest.MonkeyPatch) -> _Added:
    """The keys of the samples that are written from now on; a run stops as a kill would, at `stop_at`."""
    added = _Added()
    original = webdataset.TarWriter.write

    def write_one(writer: webdataset.TarWriter, sample: dict) -> None:
        if len(added) == added.stop_at:
            raise InterruptedError
        added.append(sample["__key__"])
        original(writer, sample)

    monkeypatch.setattr(webdataset.TarWriter, "write", write_one)
    return added
