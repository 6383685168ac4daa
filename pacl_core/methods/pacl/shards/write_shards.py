"""Writing shards: tars of bounded size with reproducible bytes, and the index to check them by."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
import webdataset
from numpy.typing import NDArray

from pacl_core.files.json_csv import write_json
from pacl_core.files.npy_file import npy_bytes, release
from pacl_core.files.publish import publish_folder
from pacl_core.files.tables import Table, aligned
from pacl_core.files.vectors import read_vectors
from pacl_core.methods.pacl.params import ShardsParams
from pacl_core.methods.pacl.partitions import PARTITIONS
from pacl_core.methods.pacl.shards.unfinished import Entry, first_left, keep, kept
from pacl_core.runtime.progress import Progress

BATCH = 256


@dataclass
class _Series:
    """The shards of one partition: the complete ones, and the one being written."""

    work: Path
    partition: str
    params: ShardsParams
    whole: list[Entry]
    samples: int
    _writer: Any = None
    _path: Path = Path()
    _in_shard: int = 0
    _bytes: int = 0

    @classmethod
    def of(cls, work: Path, partition: str, params: ShardsParams) -> Self:
        """Resumes after the shards that an earlier run completed in `work`."""
        whole = kept(work, partition)
        return cls(work, partition, params, whole, sum(entry["samples"] for entry in whole))

    def add(self, members: dict[str, bytes | str]) -> None:
        """Append a sample, in a new shard where the current one is full."""
        size = sum(len(value) for value in members.values())
        full = self._in_shard >= self.params.max_samples
        heavy = self._in_shard and self._bytes + size > self.params.max_megabytes * 1_000_000
        if self._writer is None or full or heavy:
            self.close()
            self._path = self.work / "shards" / self.partition / f"{self.partition}-{len(self.whole):05d}.tar"
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # mtime=0: the same samples are the same bytes
            self._writer = webdataset.TarWriter(str(self._path), encoder=False, mtime=0)
        self._writer.write({"__key__": f"{self.samples:09d}", **members})
        self.samples += 1
        self._in_shard += 1
        self._bytes += size

    def abandon(self) -> None:
        """Drop the incomplete shard being written; closing it may fail on a full disk, too."""
        if self._writer is not None:
            with suppress(OSError):
                self._writer.close()

    def close(self) -> None:
        """Close the shard being written and keep it."""
        if self._writer is None:
            return
        self._writer.close()
        self.whole.append(keep(self.work, self._path, self._in_shard))
        self._writer, self._in_shard, self._bytes = None, 0, 0


class Inputs(NamedTuple):
    """The data of the samples: tables and vectors of the same pairs, in the same row order."""

    pairs: Path
    partition: Path
    pseudo_labels: Path
    text_embeddings: Path


def write_shards(
    inputs: Inputs,
    out: Path,
    params: ShardsParams,
    *,
    work: Path,
) -> dict[str, Any]:
    """Publish `<out>/<partition>/*.tar` and `<out>/index.json`; returns the index.

    Each sample has `.jpg`, `.txt`, `.json` and `.npy` (text embedding, float32 [D]). Memory holds one
    batch. Called again after a kill, it resumes after the complete shards in `work`, which must belong to
    these arguments only. Raises `UserError` where the inputs are not rows of the same pairs.
    """
    texts = read_vectors(inputs.text_embeddings)
    series = {name: _Series.of(work, name, params) for name in PARTITIONS}
    done = {name: one.samples for name, one in series.items()}
    start, passed = first_left(inputs.partition, done)
    with ExitStack() as stack, Progress("shards", len(texts.vectors), sum(done.values())) as progress:
        for one in series.values():
            stack.callback(one.abandon)
        for row, record in enumerate(_records(inputs, texts.ids, start), start):
            name = record["partition"]
            passed[name] += 1
            if passed[name] > done[name]:
                series[name].add(_members(record, texts.vectors[row]))
                progress.add(1)
            if row % BATCH == 0:
                release(texts.vectors)
        for one in series.values():
            one.close()
    index = {
        "text_dim": int(texts.vectors.shape[1]),
        "partitions": {name: {"samples": one.samples, "shards": one.whole} for name, one in series.items()},
    }
    write_json(work / "shards" / "index.json", index)
    publish_folder(work / "shards", out)
    return index


def _records(inputs: Inputs, text_ids: Path, start: int) -> Iterator[dict[str, Any]]:
    tables = (
        Table(inputs.pairs, ("image", "text", "pixel_hash", "perceptual_hash")),
        Table(inputs.partition, ("partition", "factual_score", "emotional_score")),
        Table(inputs.pseudo_labels, ("factual_label", "emotional_label")),
        Table(text_ids, ()),
    )
    for side_by_side in aligned(tables, BATCH, start):
        columns = {name: batch[name] for batch in side_by_side for name in batch.schema.names}
        yield from pa.table(columns).to_pylist()


def _members(record: dict[str, Any], text_embedding: NDArray[Any]) -> dict[str, bytes | str]:
    described = {key: value for key, value in record.items() if key not in ("image", "text")}
    # as text: many readers of JSON round whole numbers above 2^53
    described["perceptual_hash"] = f"{record['perceptual_hash']:016x}"
    return {
        "jpg": record["image"],
        "json": json.dumps(described, sort_keys=True, ensure_ascii=False).encode(),
        "npy": npy_bytes(np.asarray(text_embedding, np.float32)),
        "txt": record["text"].encode(),
    }
