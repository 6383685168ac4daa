"""The artefacts of a run that say something about a pair, as one lazy table; images by row number."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from pacl_core.errors import UserError
from pacl_core.files.tables import part_files, row_count

# columns of data/pairs that are shown where they are there
_OF_PAIRS = (
    "width",
    "height",
    "pixel_hash",
    "perceptual_hash",
    "provenance",
    "original_text",
    "near_duplicate_of",
)
_LABELS = ("factual_label", "emotional_label")
_GROUPS_HELD = 8  # row groups of images kept in memory, a few MB each

Jpeg = Callable[[int], bytes]


@dataclass(frozen=True)
class Pairs:
    """`table`: a row per pair in corpus order with `row`, its number from 0; `jpeg(row)`: its image."""

    table: pl.LazyFrame
    columns: frozenset[str]
    count: int
    jpeg: Jpeg


def open_pairs(root: Path) -> Pairs:
    """The pairs of the project at `root`; nothing is read but footers and ids.

    Pseudo-labels are optional. Raises `UserError` where partition or pairs are missing, or where tables are
    of different runs.
    """
    partition, stored = root / "data/partition.parquet", root / "data/pairs"
    labels = root / "data/pseudo_labels.parquet"
    count = row_count(partition)
    files = part_files(stored)
    frame = pl.scan_parquet(part_files(partition)).with_row_index("row")
    pairs = pl.scan_parquet(files)
    kept = [name for name in _OF_PAIRS if name in pairs.collect_schema().names()]
    others = {stored: pairs.select("sample_id", *kept)}
    if labels.exists():
        others[labels] = pl.scan_parquet(labels).select("sample_id", *_LABELS)
    for path, other in others.items():
        _check_same(path, frame, other, count=count)
    table = pl.concat([frame, *(other.drop("sample_id") for other in others.values())], how="horizontal")
    return Pairs(table, frozenset(table.collect_schema().names()), count, _jpegs(files))


def _check_same(path: Path, first: pl.LazyFrame, other: pl.LazyFrame, *, count: int) -> None:
    ids = [frame.select("sample_id").collect()["sample_id"] for frame in (first, other)]
    if len(ids[1]) != count or not (ids[0] == ids[1]).all():
        raise UserError(f"{path}: not of the same run as data/partition.parquet; run 'dvc repro'")


def _jpegs(files: list[Path]) -> Jpeg:
    places = [
        (file, group, footer.row_group(group).num_rows)
        for file, footer in ((file, pq.read_metadata(file)) for file in files)
        for group in range(footer.num_row_groups)
    ]
    starts = [0, *accumulate(rows for _, _, rows in places)]

    @lru_cache(maxsize=_GROUPS_HELD)
    def group_of(place: int) -> list[bytes]:
        file, group, _ = places[place]
        with pq.ParquetFile(file) as opened:
            images: list[bytes] = opened.read_row_group(group, columns=["image"])["image"].to_pylist()
        return images

    def jpeg(row: int) -> bytes:
        if not 0 <= row < starts[-1]:
            raise IndexError(row)
        place = bisect_right(starts, row) - 1
        image: bytes = group_of(place)[row - starts[place]]
        return image

    return jpeg
