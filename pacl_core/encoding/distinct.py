"""Finding what a corpus repeats, so that a model sees each distinct input once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pacl_core.files.buckets import Buckets, Records, bucket_count
from pacl_core.files.npy_file import allocate, release

_BLOCK = 65_536
_SPREAD = 8192  # rows far apart: each access may bring its neighbourhood into memory
_HASHED = np.dtype([("hash", np.uint64), ("other_hash", np.uint64), ("row", np.int64)])


@dataclass(frozen=True)
class Distinct:
    """`rows` [U]: where each distinct value first occurs, in order; `index` [N]: row -> place in `rows`.

    Both are memory-mapped files, deleted with the arrays.
    """

    rows: NDArray[np.int64]
    index: NDArray[np.int64]


def distinct(values: pl.LazyFrame, folder: Path | None = None) -> Distinct:
    """Distinct values of the only column of `values`, told apart by 128 bits of hash.

    Memory holds a bucket of about 65,000 rows, 200,000 where there are 100 million; meanwhile `folder`
    (the system's temporary one by default) holds 24 bytes a row; the result has 16.
    """
    (name,) = values.collect_schema().names()
    count = int(values.select(pl.len()).collect(engine="streaming").item())
    if not count:
        return Distinct(np.empty(0, np.int64), np.empty(0, np.int64))
    hashes = values.select(
        pl.col(name).hash(seed=0).alias("hash"), pl.col(name).hash(seed=1).alias("other_hash")
    )
    with TemporaryDirectory(dir=folder) as scratch:
        index = _first_rows(hashes, count, Path(scratch))
        return Distinct(_number(index, Path(scratch)), index)


def _first_rows(hashes: pl.LazyFrame, count: int, scratch: Path) -> NDArray[np.int64]:
    """For each row [N] the first one with its hashes."""
    firsts: NDArray[np.int64] = allocate(scratch / "index.npy", (count,), np.int64)
    parts = bucket_count(count)
    with Buckets(parts, _HASHED, scratch) as buckets:
        start = 0
        for batch in hashes.collect_batches(chunk_size=_BLOCK, maintain_order=True, engine="streaming"):
            records = np.empty(len(batch), _HASHED)
            records["hash"], records["other_hash"] = batch["hash"], batch["other_hash"]
            records["row"] = np.arange(start, start + len(records))
            buckets.add((records["hash"] % parts).astype(np.int64), records)
            start += len(records)
        for records in buckets:
            first = _first_of_equals(records)
            for part in _parts(len(records), _SPREAD):
                firsts[records["row"][part]] = first[part]
                release(firsts)
    return firsts


def _first_of_equals(records: Records) -> NDArray[np.int64]:
    """For each record the row of the first with the same hashes; rows ascend, and the sort is stable."""
    order = np.lexsort((records["other_hash"], records["hash"]))
    one, other = records["hash"][order], records["other_hash"][order]
    begins = np.ones(len(order), bool)
    begins[1:] = (one[1:] != one[:-1]) | (other[1:] != other[:-1])
    first = np.empty(len(order), np.int64)
    first[order] = records["row"][order[begins]][np.cumsum(begins) - 1]
    return first


def _number(firsts: NDArray[np.int64], scratch: Path) -> NDArray[np.int64]:
    """Replace each first row by its place among the first rows, and return those."""
    total = 0
    for part in _parts(len(firsts), _BLOCK):
        total += int((firsts[part] == np.arange(part.start, part.stop)).sum())
    rows: NDArray[np.int64] = allocate(scratch / "rows.npy", (total,), np.int64)
    seen = 0
    for part in _parts(len(firsts), _BLOCK):
        block = np.array(firsts[part])
        new = np.flatnonzero(block == np.arange(part.start, part.stop))
        rows[seen : seen + len(new)] = new + part.start
        firsts[new + part.start] = np.arange(seen, seen + len(new))
        # a repeated row comes after its first one, whose place is already written
        old = np.setdiff1d(np.arange(len(block)), new, assume_unique=True)
        for some in _parts(len(old), _SPREAD):
            firsts[old[some] + part.start] = firsts[block[old[some]]]
            release(firsts)
        seen += len(new)
        release(firsts)
        release(rows)
    return rows


def _parts(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
