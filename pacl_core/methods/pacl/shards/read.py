"""Reading shards back: every file against the index, every sample against what training needs."""

import hashlib
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pacl_core.errors import UserError, unknown
from pacl_core.files.hashing import file_sha256
from pacl_core.files.json_csv import read_json
from pacl_core.files.npy_file import allocate
from pacl_core.media.images import decode_jpeg
from pacl_core.methods.pacl.partitions import PARTITIONS

_REBUILD = "rebuild them with 'dvc repro -f -s shards'"


class Hashes(NamedTuple):
    """What tells whether pairs have the same image or text, [N] uint64 each.

    `pixels` and `texts`: the first 64 bits of a hash. `perceptual`: near duplicates differ in few bits.
    """

    pixels: NDArray[np.uint64]
    perceptual: NDArray[np.uint64]
    texts: NDArray[np.uint64]


@dataclass(frozen=True)
class Samples:
    """All N pairs of the shards, rows in order of partition and shard; images stay in the tars.

    `rows`: partition -> its rows. Labels [N] int64. `texts` [N, D] float32, memory-mapped. `places`
    [N, 3] int64: shard, offset and length of the image.
    """

    sample_ids: list[str]
    rows: dict[str, range]
    factual_labels: NDArray[np.int64]
    emotional_labels: NDArray[np.int64]
    texts: NDArray[np.float32]
    shards: list[Path]
    places: NDArray[np.int64]
    hashes: Hashes

    def image(self, row: int) -> Image.Image:
        """The decoded image of a row. Raises `UserError` where it is broken. Safe in threads."""
        shard, offset, length = (int(number) for number in self.places[row])
        with self.shards[shard].open("rb") as stream:
            stream.seek(offset)
            jpeg = stream.read(length)
        try:
            return decode_jpeg(jpeg)
        except UserError as error:
            raise UserError(
                f"{self.shards[shard]}: image of sample {self.sample_ids[row]}: {error}; {_REBUILD}"
            ) from None


def read_shards(folder: Path, work: Path) -> Samples:
    """Check and index all shards under `folder`; text embeddings go to `<work>/texts.npy`.

    Memory grows by ids, labels, places and hashes, about 125 bytes a sample. Raises `UserError`, naming
    shard and key: a shard that `index.json` does not describe, a missing member, a text embedding of
    another width or with a NaN, a label that is no whole number >= 0, a hash that is none.
    """
    parts, text_dim = _index(folder)
    total = sum(int(part["samples"]) for part in parts.values())
    if total == 0:
        raise UserError(f"{folder}: no pairs in any partition; nothing to train on")
    texts = allocate(work / "texts.npy", (total, text_dim))
    labels = np.empty((total, 2), np.int64)
    places = np.empty((total, 3), np.int64)
    hashes = np.empty((3, total), np.uint64)
    sample_ids: list[str] = []
    shards: list[Path] = []
    rows: dict[str, range] = {}
    for name in PARTITIONS:
        first = len(sample_ids)
        for entry in parts.get(name, {"shards": []})["shards"]:
            path = folder / entry["path"]
            _check_file(path, entry)
            before = len(sample_ids)
            for sample in _samples(path, name, text_dim):
                row = len(sample_ids)
                if row == total:
                    break
                texts[row], labels[row] = sample.text, sample.labels
                places[row] = (len(shards), sample.offset, sample.length)
                hashes[:, row] = sample.hashes
                sample_ids.append(sample.sample_id)
            if len(sample_ids) - before != entry["samples"]:
                raise UserError(f"{path}: not the {entry['samples']} samples of index.json; {_REBUILD}")
            shards.append(path)
        rows[name] = range(first, len(sample_ids))
    if len(sample_ids) != total:
        raise UserError(f"{folder}: {len(sample_ids)} samples, index.json counts {total}; {_REBUILD}")
    texts.flush()
    factual, emotional = labels[:, 0].copy(), labels[:, 1].copy()
    return Samples(sample_ids, rows, factual, emotional, texts, shards, places, Hashes(*hashes))


@dataclass(frozen=True)
class _Sample:
    sample_id: str
    labels: tuple[int, int]
    hashes: tuple[int, int, int]
    text: NDArray[np.float32]
    offset: int
    length: int


def _index(folder: Path) -> tuple[dict[str, Any], int]:
    path = folder / "index.json"
    try:
        index = read_json(path)
        parts, text_dim = index["partitions"], int(index["text_dim"])
    except FileNotFoundError:
        raise UserError(f"{path}: missing; run the stage that writes it ('dvc repro shards')") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not an index of shards ({error!r}); {_REBUILD}") from None
    for name in parts:
        if name not in PARTITIONS:
            raise UserError(f"{path}: {unknown('partition', name, PARTITIONS)}")
    return parts, text_dim


def _check_file(path: Path, entry: dict[str, Any]) -> None:
    if not path.is_file():
        raise UserError(f"{path}: missing, index.json names it; {_REBUILD}")
    if file_sha256(path) != entry["sha256"]:
        raise UserError(f"{path}: not the shard that index.json describes (other SHA-256); {_REBUILD}")


def _samples(path: Path, partition: str, text_dim: int) -> Iterator[_Sample]:
    try:
        with tarfile.open(path, "r:") as archive:
            files = (member for member in archive if member.isfile())
            for key, group in groupby(files, lambda member: member.name.partition(".")[0]):
                members = {member.name.partition(".")[2]: member for member in group}
                for needed in ("jpg", "json", "npy", "txt"):
                    if needed not in members:
                        raise UserError(f"{path}: key {key}: no .{needed}; {_REBUILD}")
                described = _bytes(archive, members["json"])
                embedding = _bytes(archive, members["npy"])
                text_hash = hashlib.sha256(_bytes(archive, members["txt"])).digest()[:8]
                try:
                    sample_id, labels, image_hashes = _described(described, partition)
                    text = _embedding(embedding, text_dim)
                except ValueError as error:
                    raise UserError(f"{path}: key {key}: {error}; {_REBUILD}") from None
                image = members["jpg"]
                hashes = (*image_hashes, int.from_bytes(text_hash, "big"))
                yield _Sample(sample_id, labels, hashes, text, image.offset_data, image.size)
    except tarfile.TarError as error:
        raise UserError(f"{path}: not a tar ({error}); {_REBUILD}") from None


def _bytes(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    assert stream is not None  # only files come here
    return stream.read()


def _described(data: bytes, partition: str) -> tuple[str, tuple[int, int], tuple[int, int]]:
    """sample_id, labels, and the hashes of the image."""
    described = json.loads(data)
    if not isinstance(described, dict):
        raise ValueError(".json is not an object")
    if described.get("partition") != partition:
        raise ValueError(f"of partition {described.get('partition')}, among {partition}")
    if not isinstance(described.get("sample_id"), str):
        raise ValueError("no sample_id")
    for name in ("factual_label", "emotional_label"):
        label = described.get(name)
        if not isinstance(label, int) or isinstance(label, bool) or not 0 <= label < 2**31:
            raise ValueError(f"{name} is {label}, not a whole number >= 0")
    labels = (described["factual_label"], described["emotional_label"])
    return (
        described["sample_id"],
        labels,
        (_hash(described, "pixel_hash"), _hash(described, "perceptual_hash")),
    )


def _hash(described: dict[str, Any], name: str) -> int:
    """The first 64 bits."""
    value = described.get(name)
    if not isinstance(value, str) or not re.fullmatch(r"([0-9a-f]{16})+", value):
        raise ValueError(f"{name} is {value}, not a hash in hexadecimal digits")
    return int(value[:16], 16)


def _embedding(data: bytes, text_dim: int) -> NDArray[np.float32]:
    try:
        text = np.load(BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"text embedding unreadable ({error})") from None
    if text.shape != (text_dim,):
        raise ValueError(f"text embedding of shape {text.shape}, index.json says ({text_dim},)")
    if not np.isfinite(text).all():
        raise ValueError("text embedding with a NaN or infinity")
    return np.asarray(text, np.float32)
