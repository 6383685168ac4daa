"""Resuming a killed run: which shards are complete, and which pairs are left."""

from collections import Counter
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from pacl_core.files.hashing import file_sha256
from pacl_core.files.json_csv import read_json, write_json
from pacl_core.files.publish import sync
from pacl_core.files.tables import Table, batches

Entry = dict[str, Any]  # of index.json: path, samples, bytes, sha256


def keep(work: Path, tar: Path, samples: int) -> Entry:
    """Note that a shard under `<work>/shards` is complete; returns its entry in the index."""
    sync(tar)
    entry = {
        "path": f"{tar.parent.name}/{tar.name}",
        "samples": samples,
        "bytes": tar.stat().st_size,
        "sha256": file_sha256(tar),
    }
    write_json(_note(work, tar), entry)
    return entry


def kept(work: Path, partition: str) -> list[Entry]:
    """Entries of the partition's complete shards, in order, checked against their hashes; others are
    removed."""
    folder = work / "shards" / partition
    entries: list[Entry] = []
    for number in count():
        tar = folder / f"{partition}-{number:05d}.tar"
        if not (tar.is_file() and _note(work, tar).is_file()):
            break
        entry = read_json(_note(work, tar))
        if file_sha256(tar) != entry["sha256"]:
            break
        entries.append(entry)
    names = {entry["path"] for entry in entries}
    for tar in folder.glob("*.tar"):
        if f"{partition}/{tar.name}" not in names:
            tar.unlink()
    return entries


def first_left(table: Path, done: Mapping[str, int]) -> tuple[int, Counter[str]]:
    """The first row of the partition table that is not among the `done` first rows of its partition.

    Returns the row (the number of rows where none is left), and how many of each partition come before.
    """
    before: Counter[str] = Counter()
    if not any(done.values()):
        return 0, before
    for batch in batches(Table(table, ("partition",)), 100_000):
        for partition in batch["partition"].to_pylist():
            if before[partition] >= done[partition]:
                return before.total(), before
            before[partition] += 1
    return before.total(), before


def _note(work: Path, tar: Path) -> Path:
    return work / "whole" / f"{tar.stem}.json"
