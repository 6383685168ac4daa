"""Writing shards: byte-stable tars of bounded size, and the index that vouches for them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import webdataset
from numpy.typing import NDArray

from pacl_core.artefacts.aligned import Table, aligned
from pacl_core.artefacts.hashing import file_sha256
from pacl_core.artefacts.json_file import write_json
from pacl_core.artefacts.npy_file import release
from pacl_core.artefacts.publish import published_folder
from pacl_core.artefacts.vectors import read_vectors
from pacl_core.params.data import ShardsParams
from pacl_core.partitions import PARTITIONS

BATCH = 256


@dataclass
class _Series:
    """The shards of one partition: those closed, and the one being written."""

    folder: Path
    params: ShardsParams
    closed: list[dict[str, Any]] = field(default_factory=list)
    samples: int = 0
    _writer: Any = None
    _path: Path = Path()
    _in_shard: int = 0
    _bytes: int = 0

    def add(self, members: dict[str, bytes | str]) -> None:
        """Append a sample, in a new shard where the current one is full."""
        size = sum(len(value) for value in members.values())
        full = self._in_shard >= self.params.max_samples
        heavy = self._in_shard and self._bytes + size > self.params.max_megabytes * 1_000_000
        if self._writer is None or full or heavy:
            self.close()
            self.folder.mkdir(exist_ok=True)
            self._path = self.folder / f"{self.folder.name}-{len(self.closed):05d}.tar"
            # mtime=0: the same samples are the same bytes
            self._writer = webdataset.TarWriter(str(self._path), encoder=False, mtime=0)
        self._writer.write({"__key__": f"{self.samples:09d}", **members})
        self.samples += 1
        self._in_shard += 1
        self._bytes += size

    def close(self) -> None:
        """Close the shard being written and note its size and hash."""
        if self._writer is None:
            return
        self._writer.close()
        self.closed.append(
            {
                "path": f"{self.folder.name}/{self._path.name}",
                "samples": self._in_shard,
                "bytes": self._path.stat().st_size,
                "sha256": file_sha256(self._path),
            }
        )
        self._writer, self._in_shard, self._bytes = None, 0, 0


def write_shards(
    pairs: Path, partition: Path, pseudo_labels: Path, text_embeddings: Path, out: Path, params: ShardsParams
) -> dict[str, Any]:
    """Publish `<out>/<partition>/*.tar` and `<out>/index.json`; returns the index.

    Each sample has `.jpg`, `.txt`, `.json` and `.npy` (text embedding, float32 [D]). Memory holds one
    batch. Raises `UserError` where the inputs are not rows of the same pairs.
    """
    texts = read_vectors(text_embeddings)
    with published_folder(out) as draft:
        series = {name: _Series(draft / name, params) for name in PARTITIONS}
        for row, record in enumerate(_records(pairs, partition, pseudo_labels, texts.ids)):
            series[record["partition"]].add(_members(record, texts.vectors[row]))
            if row % BATCH == 0:
                release(texts.vectors)
        for one in series.values():
            one.close()
        index = {
            "text_dim": int(texts.vectors.shape[1]),
            "partitions": {
                name: {"samples": one.samples, "shards": one.closed} for name, one in series.items()
            },
        }
        write_json(draft / "index.json", index)
    return index


def _records(pairs: Path, partition: Path, pseudo_labels: Path, text_ids: Path) -> Iterator[dict[str, Any]]:
    tables = (
        Table(pairs, ("image", "text")),
        Table(partition, ("partition", "factual_score", "emotional_score")),
        Table(pseudo_labels, ("factual_label", "emotional_label")),
        Table(text_ids, ()),
    )
    for side_by_side in aligned(tables, BATCH):
        columns = {name: batch[name] for batch in side_by_side for name in batch.schema.names}
        yield from pa.table(columns).to_pylist()


def _members(record: dict[str, Any], text_embedding: NDArray[Any]) -> dict[str, bytes | str]:
    described = {key: value for key, value in record.items() if key not in ("image", "text")}
    return {
        "jpg": record["image"],
        "json": json.dumps(described, sort_keys=True, ensure_ascii=False).encode(),
        "npy": _npy(text_embedding),
        "txt": record["text"].encode(),
    }


def _npy(vector: NDArray[Any]) -> bytes:
    stream = BytesIO()
    np.save(stream, np.asarray(vector, np.float32), allow_pickle=False)
    return stream.getvalue()
