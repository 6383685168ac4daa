"""Which pairs, in which order: pure functions of the lazy table of pairs."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pacl_core.methods.pacl.partitions import PARTITIONS

SORTABLE = ("margin", "row", "factual_value", "emotional_value", "factual_score", "emotional_score")
NEAR = 4  # bits of 64 in which perceptual hashes of near duplicates may differ

RowIds = NDArray[np.uint32]


@dataclass(frozen=True)
class Query:
    """What is asked for. Empty or None: no condition. Bounds are of the transformed values, inclusive.

    `tag`: for a table with tags. `text`: words; each must occur in the text or the adjective-noun pairs, in
    any case, also inside a word.
    """

    partitions: tuple[str, ...] = ()
    factual_from: float | None = None
    factual_to: float | None = None
    emotional_from: float | None = None
    emotional_to: float | None = None
    factual_label: int | None = None
    emotional_label: int | None = None
    provenance: str | None = None
    tag: str | None = None
    text: str = ""
    sort: str = "margin"
    descending: bool = False

    @classmethod
    def from_words(cls, words: Mapping[str, str]) -> Self:
        """From a page's address; an invalid value sets no condition."""
        sort = words.get("sort", "margin")
        return cls(
            partitions=tuple(name for name in PARTITIONS if name in words.get("partitions", "").split(",")),
            factual_from=_number(words.get("factual_from")),
            factual_to=_number(words.get("factual_to")),
            emotional_from=_number(words.get("emotional_from")),
            emotional_to=_number(words.get("emotional_to")),
            factual_label=_whole(words.get("factual_label")),
            emotional_label=_whole(words.get("emotional_label")),
            provenance=words.get("provenance") or None,
            tag=words.get("tag") or None,
            text=words.get("text", ""),
            sort=sort if sort in SORTABLE else "margin",
            descending=words.get("descending") == "1",
        )

    def to_words(self) -> dict[str, str]:
        """The inverse of `from_words`: only what differs from the default."""
        words = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value == field.default:
                continue
            if isinstance(value, tuple):
                value = ",".join(value)
            words[field.name] = "1" if value is True else str(value)
        return words


def matching_rows(table: pl.LazyFrame, columns: Iterable[str], query: Query) -> RowIds:
    """Row numbers of the pairs that fit, in the order asked for; ties in corpus order, nulls last."""
    found = table.filter(_conditions(frozenset(columns), query)).select("row", pl.col(query.sort).alias("by"))
    if query.sort == "row" and not query.descending:
        return found.select("row").collect(engine="streaming")["row"].to_numpy()
    order = found.sort("by", descending=query.descending, nulls_last=True, maintain_order=True)
    return order.select("row").collect()["row"].to_numpy()


def rows_of(table: pl.LazyFrame, rows: Sequence[int]) -> list[dict[str, Any]]:
    """The pairs with these row numbers, in this order."""
    found = table.filter(pl.col("row").is_in(list(rows))).collect(engine="streaming").to_dicts()
    by_row = {one["row"]: one for one in found}
    return [by_row[row] for row in rows if row in by_row]


def histograms(
    table: pl.LazyFrame, bounds: Mapping[str, tuple[float, float]], bins: int
) -> dict[str, list[int]]:
    """Of each column the pairs in `bins` equal parts between its bounds; the greatest are in the last."""
    counts = {}
    for name, (low, high) in bounds.items():
        width = (high - low) / bins or 1.0
        place = ((pl.col(name).cast(pl.Float64) - low) / width).floor().clip(0, bins - 1).cast(pl.Int32)
        found = dict(
            table.select(place.alias("bin").drop_nulls()).group_by("bin").len().collect().iter_rows()
        )
        counts[name] = [int(found.get(one, 0)) for one in range(bins)]
    return counts


def value_counts(table: pl.LazyFrame, column: str) -> dict[Any, int]:
    """How often each value occurs, in the order of the values; without nulls."""
    counted = table.select(pl.col(column).drop_nulls()).group_by(column).len().sort(column).collect()
    return dict(counted.iter_rows())


def score_bounds(table: pl.LazyFrame) -> dict[str, tuple[float, float]]:
    """Least and greatest of both transformed values; (0, 0) for a value that no pair has."""
    names = ("factual_value", "emotional_value")
    ends = [getattr(pl.col(name), end)().alias(f"{name} {end}") for name in names for end in ("min", "max")]
    row = table.select(ends).collect().row(0, named=True)
    return {name: (row[f"{name} min"] or 0.0, row[f"{name} max"] or 0.0) for name in names}


def alike(
    table: pl.LazyFrame, columns: Iterable[str], pair: Mapping[str, Any], *, most: int
) -> list[dict[str, Any]]:
    """Other pairs with the same image or nearly: `row`, `text`, `partition` and `bits` that differ.

    At most `most`, the nearest first. A flat image (hash 0) is like its exact copies only.
    """
    if not {"pixel_hash", "perceptual_hash"} <= set(columns):
        return []
    same = pl.col("pixel_hash") == pair["pixel_hash"]
    own = pl.lit(pair["perceptual_hash"], dtype=pl.UInt64)
    bits = (pl.col("perceptual_hash") ^ own).bitwise_count_ones().cast(pl.Int64)
    flat = (pl.col("perceptual_hash") == 0) | (own == 0)
    near = same | (~flat & (bits <= NEAR))
    found = (
        table.filter((pl.col("row") != pair["row"]) & near)
        .select("row", "text", "partition", pl.when(same).then(0).otherwise(bits).alias("bits"))
        .sort("bits", "row")
        .head(most)
    )
    return found.collect().to_dicts()


def _conditions(columns: frozenset[str], query: Query) -> pl.Expr:
    wanted = [pl.lit(True)]
    if query.partitions:
        wanted.append(pl.col("partition").is_in(list(query.partitions)))
    for name in ("factual", "emotional"):
        low, high = getattr(query, f"{name}_from"), getattr(query, f"{name}_to")
        value = pl.col(f"{name}_value").cast(pl.Float64)
        if low is not None:
            wanted.append(value >= low)
        if high is not None:
            wanted.append(value <= high)
    for name in ("factual_label", "emotional_label", "provenance"):
        asked = getattr(query, name)
        if asked is not None:
            wanted.append(pl.col(name) == asked if name in columns else pl.lit(False))
    if query.tag is not None:
        wanted.append(pl.col("tags").list.contains(query.tag) if "tags" in columns else pl.lit(False))
    if words := query.text.lower().split():
        text = pl.col("text").str.to_lowercase()
        anps = pl.col("anps").list.join("\n").str.to_lowercase().fill_null("")
        wanted += [
            text.str.contains(word, literal=True) | anps.str.contains(word, literal=True) for word in words
        ]
    return pl.all_horizontal(wanted)


def _number(word: str | None) -> float | None:
    try:
        value = float(word or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _whole(word: str | None) -> int | None:
    return int(word) if word and word.isdecimal() and word.isascii() and len(word) < 10 else None
