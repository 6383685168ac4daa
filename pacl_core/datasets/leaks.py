"""Leaks: test images that are also among those trained on, as the same pixels or nearly so.

These are pairs, clips or images of a pretext set. A clip is compared by its middle frame, the image that its
row has.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Literal

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pacl_core.datasets.rounds import predicted, read_with_rounds
from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json, write_json
from pacl_core.files.tables import Table, batches, column_names, read_table, row_count
from pacl_core.runtime.progress import Progress

KEPT = 5  # pairs listed per test item
KEEP_SECONDS = 30.0  # between two states from which a killed run can resume
SCHEMA = pa.schema(
    [("item_id", pa.string()), ("sample_id", pa.string()), ("kind", pa.string()), ("distance", pa.int32())]
)
_BLOCK = 16_384
_COMPARED = "compared.json"
Kind = Literal["exact", "near"]
_KINDS: tuple[Kind, ...] = ("exact", "near")  # in the order in which they are listed
_EXACT, _NEAR = range(2)


@dataclass(order=True, frozen=True)
class _Match:
    """A pair that shows a test item's image; in order: exact first, then closest, then as stored."""

    kind: int
    distance: int
    row: int
    sample_id: str = field(compare=False)


def find_leaks(pairs: Path, dataset: Path, distance: int, *, work: Path) -> pa.Table:
    """Exact and near duplicates between the test items of `dataset` and the table `pairs`, as `SCHEMA`.

    These are the test split, or all items of a data set with folds.

    Exact: one `pixel_hash`. Near: perceptual hashes that differ in at most `distance` of 64 bits; flat
    images (hash 0) have no near duplicates. At most `KEPT` pairs per test item, in the order of the data
    set, exact first, then closest. Memory: the hashes of the test items and of a block of pairs. What was
    found is saved in `work` every `KEEP_SECONDS`; called again after a kill with the same arguments, it
    resumes from there. Raises `UserError` where a table is missing or was written without hashes.
    """
    test = _test_items(dataset)
    queries = _bytes(test["perceptual_hash"])
    structured = np.flatnonzero(queries.any(axis=1))
    rows_of: dict[str, list[int]] = {}
    for row, pixel_hash in enumerate(test["pixel_hash"].to_pylist()):
        rows_of.setdefault(pixel_hash, []).append(row)
    first, matches = _compared(work, test.num_rows)
    saved = time.monotonic()
    with Progress("pairs compared", row_count(pairs), first) as progress:
        for block in _pair_blocks(pairs, first):
            for row, match in _exact(block, first, rows_of):
                matches[row].append(match)
            for row, match in _near(block, first, queries, structured=structured, distance=distance):
                matches[row].append(match)
            matches = [_closest(of_item) for of_item in matches]
            first += block.num_rows
            progress.add(block.num_rows)
            if time.monotonic() - saved >= KEEP_SECONDS:
                write_json(work / _COMPARED, [first, [[astuple(one) for one in found] for found in matches]])
                saved = time.monotonic()
    item_ids = test["item_id"].to_pylist()
    found = [
        (item_id, match) for item_id, of_item in zip(item_ids, matches, strict=True) for match in of_item
    ]
    columns = {
        "item_id": [item_id for item_id, _ in found],
        "sample_id": [match.sample_id for _, match in found],
        "kind": [_KINDS[match.kind] for _, match in found],
        "distance": [match.distance for _, match in found],
    }
    return pa.table(columns, schema=SCHEMA)


def leak_counts(leaks: pa.Table, test_items: int, distance: int) -> dict[str, int]:
    """test_items, exact_items (with an exact duplicate), near_items (with near ones only), distance."""
    exact, near = _leaked(leaks, "exact"), _leaked(leaks, "near")
    return {
        "test_items": test_items,
        "exact_items": len(exact),
        "near_items": len(near - exact),
        "distance": distance,
    }


def leaked_items(path: Path, which: Literal["none", "exact", "near"]) -> set[str]:
    """Ids of the test items to leave out, from a table of `find_leaks`; `near` means exact ones too.

    Raises `UserError` where the table is missing; "none" needs no table.
    """
    if which == "none":
        return set()
    leaks = read_table(path)
    return _leaked(leaks, "exact") | (_leaked(leaks, "near") if which == "near" else set())


def count_test_items(dataset: Path) -> int:
    """Items of the test split, or of all folds."""
    return int(predicted(read_with_rounds((), dataset)).sum())


def _leaked(leaks: pa.Table, kind: Kind) -> set[str]:
    return set(leaks.filter(pc.field("kind") == kind)["item_id"].to_pylist())


def _test_items(dataset: Path) -> pa.Table:
    table = read_with_rounds(("item_id", "pixel_hash", "perceptual_hash"), dataset)
    return table.filter(predicted(table))


def _compared(work: Path, test_items: int) -> tuple[int, list[list[_Match]]]:
    """Pairs that an earlier run compared, and what it found."""
    if not (work / _COMPARED).exists():
        return 0, [[] for _ in range(test_items)]
    first, found = read_json(work / _COMPARED)
    return first, [[_Match(*one) for one in of_item] for of_item in found]


def _pair_blocks(pairs: Path, first: int) -> Iterator[pa.RecordBatch]:
    names = column_names(pairs)
    own = "item_id" if "item_id" in names and "sample_id" not in names else "sample_id"  # of a pretext set
    for block in batches(Table(pairs, (own, "pixel_hash", "perceptual_hash")), _BLOCK, first):
        if "perceptual_hash" not in block.schema.names:
            raise UserError(f"{pairs}: written without perceptual hashes; run 'dvc repro pairs'")
        yield block.rename_columns(["sample_id" if name == own else name for name in block.schema.names])


def _exact(block: pa.RecordBatch, first: int, rows_of: dict[str, list[int]]) -> Iterator[tuple[int, _Match]]:
    known = pc.is_in(block["pixel_hash"], pa.array(list(rows_of), pa.string()))
    seen: Counter[str] = Counter()  # a placeholder may be in thousands of rows on both sides
    for place in np.flatnonzero(known.to_numpy(zero_copy_only=False)):
        pixel_hash = block["pixel_hash"][place].as_py()
        seen[pixel_hash] += 1
        if seen[pixel_hash] <= KEPT:
            match = _Match(_EXACT, 0, first + int(place), block["sample_id"][place].as_py())
            yield from ((row, match) for row in rows_of[pixel_hash])


def _near(
    block: pa.RecordBatch,
    first: int,
    queries: NDArray[np.uint8],
    *,
    structured: NDArray[np.intp],
    distance: int,
) -> Iterator[tuple[int, _Match]]:
    """The nearest pairs of a block, exact ones among them."""
    hashes = _bytes(block["perceptual_hash"])
    places = np.flatnonzero(hashes.any(axis=1))
    if not len(places) or not len(structured):
        return
    index = faiss.IndexBinaryFlat(64)
    index.add(hashes[places])
    found, nearest = index.search(queries[structured], min(KEPT, len(places)))
    for query, column in np.argwhere(found <= distance):
        place = int(places[nearest[query, column]])
        match = _Match(_NEAR, int(found[query, column]), first + place, block["sample_id"][place].as_py())
        yield int(structured[query]), match


def _closest(matches: list[_Match]) -> list[_Match]:
    """The first `KEPT`; a pair that is exact is not listed as near again."""
    kept: dict[int, _Match] = {}
    for match in sorted(matches):
        kept.setdefault(match.row, match)
    return list(kept.values())[:KEPT]


def _bytes(hashes: pa.Array | pa.ChunkedArray) -> NDArray[np.uint8]:
    """[N] uint64 -> [N, 8] bytes, as faiss takes them."""
    values = np.ascontiguousarray(hashes.to_numpy(zero_copy_only=False), dtype=np.uint64)
    return values.view(np.uint8).reshape(-1, 8)
