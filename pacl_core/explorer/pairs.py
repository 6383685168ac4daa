"""Everything a run knows about its pairs, as one lazy table; images by row number."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json
from pacl_core.files.tables import part_files, row_count

# columns of the stored pairs that are shown if they exist
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
class Tables:
    """Paths of a run's files: all but `partition` and `pairs` may be missing.

    `metrics`: those of the partition, for its thresholds; `embeddings`: name -> folder of vectors, in the
    order of the pairs; `tags`: where tags are kept; `name`: project and run, in words.
    """

    partition: Path
    pairs: Path
    pseudo_labels: Path
    metrics: Path | None = None
    embeddings: dict[str, Path] = field(default_factory=dict)
    report: Path | None = None
    tags: Path | None = None
    name: str = ""


@dataclass(frozen=True)
class Pairs:
    """`table`: a row per pair in corpus order; `jpeg(row)`: its image.

    `row` is its number from 0, `margin` its distance to the nearer threshold, null where none is known.
    """

    table: pl.LazyFrame
    columns: frozenset[str]
    count: int
    jpeg: Jpeg
    thresholds: dict[str, float | None]


def open_pairs(tables: Tables) -> Pairs:
    """The pairs of a run; only footers and ids are read.

    Raises `UserError` where partition or pairs are missing, or where tables are of different runs.
    """
    count = row_count(tables.partition)
    files = part_files(tables.pairs)
    frame = pl.scan_parquet(part_files(tables.partition)).with_row_index("row")
    pairs = pl.scan_parquet(files)
    kept = [name for name in _OF_PAIRS if name in pairs.collect_schema().names()]
    others = {tables.pairs: pairs.select("sample_id", *kept)}
    if tables.pseudo_labels.exists():
        others[tables.pseudo_labels] = pl.scan_parquet(tables.pseudo_labels).select("sample_id", *_LABELS)
    for path, other in others.items():
        ids = [one.select("sample_id").collect()["sample_id"] for one in (frame, other)]
        if len(ids[1]) != count or not (ids[0] == ids[1]).all():
            raise UserError(f"{path}: not of the same run as {tables.partition}; run 'dvc repro'")
    table = pl.concat([frame, *(other.drop("sample_id") for other in others.values())], how="horizontal")
    thresholds = _thresholds(tables.metrics)
    table = table.with_columns(_margin(thresholds).alias("margin"))
    return Pairs(table, frozenset(table.collect_schema().names()), count, _jpegs(files), thresholds)


def _thresholds(metrics: Path | None) -> dict[str, float | None]:
    return dict(read_json(metrics)["thresholds"]) if metrics and metrics.is_file() else {}


def _margin(thresholds: dict[str, float | None]) -> pl.Expr:
    distances = [
        (pl.col(f"{name}_value").cast(pl.Float64).fill_nan(None) - at).abs()
        for name, at in thresholds.items()
        if at is not None
    ]
    return pl.min_horizontal(distances) if distances else pl.lit(None, dtype=pl.Float64)


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
