"""The partition table: scores, values, matches and names, beside text and ANPs, in corpus order."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from pacl_core.artefacts.aligned import part_files
from pacl_core.artefacts.tables import read_table, sink_table
from pacl_core.errors import UserError
from pacl_core.params.data import PartitionParams
from pacl_core.partition.matching import Matching, match
from pacl_core.partition.split import partition_name
from pacl_core.partition.transforms import Scores


@dataclass(frozen=True)
class Partitioned:
    """What was decided: one `Matching` per score, and the path of the table."""

    factual: Matching
    emotional: Matching
    table: Path


def write_partition(
    pairs: Path, anps: Path, factual: Path, emotional: Path, out: Path, params: PartitionParams
) -> Partitioned:
    """Publish partition.parquet. Memory holds the scores (a few numbers a row), never texts.

    Raises `UserError` where the inputs are not rows of the same pairs.
    """
    factual_match = match(_scores(factual, "factual_score"), params.factual)
    emotional_match = match(_scores(emotional, "emotional_score"), params.emotional)
    texts = pl.scan_parquet(part_files(pairs)).select("sample_id", "text")
    columns = [
        texts,
        pl.scan_parquet(anps).select(pl.col("sample_id").alias("anps_id"), "anps"),
        pl.scan_parquet(factual).rename({"sample_id": "factual_id"}),
        pl.scan_parquet(emotional).rename({"sample_id": "emotional_id"}),
        _matches("factual", factual_match),
        _matches("emotional", emotional_match),
    ]
    _check_same_pairs(columns[:4], len(factual_match.values))
    chosen = pl.concat(columns, how="horizontal").select(
        "sample_id",
        "text",
        "anps",
        "factual_score",
        "emotional_score",
        "factual_value",
        "emotional_value",
        "factual_matched",
        "emotional_matched",
        partition_name(params.mode).alias("partition"),
    )
    sink_table(out, chosen)
    return Partitioned(factual_match, emotional_match, out)


def _scores(path: Path, column: str) -> Scores:
    scores = read_table(path, [column])[column]
    values: Scores = np.asarray(scores.to_numpy(), np.float32)  # null becomes NaN
    return values


def _matches(name: str, matching: Matching) -> pl.LazyFrame:
    return pl.LazyFrame(
        {
            f"{name}_value": pl.Series(matching.values).fill_nan(None),
            f"{name}_matched": pl.Series(matching.matched),
        }
    )


def _check_same_pairs(tables: list[pl.LazyFrame], rows: int) -> None:
    lengths = [int(table.select(pl.len()).collect().item()) for table in tables]
    if set(lengths) != {rows}:
        raise UserError(
            f"pairs, anps and scores have {lengths} rows; run 'dvc repro' to rebuild what is stale"
        )
    same = pl.concat(tables, how="horizontal").select(
        (
            (pl.col("sample_id") == pl.col("anps_id"))
            & (pl.col("sample_id") == pl.col("factual_id"))
            & (pl.col("sample_id") == pl.col("emotional_id"))
        ).all()
    )
    if not same.collect(engine="streaming").item():
        raise UserError(
            "pairs, anps and scores are of different runs; run 'dvc repro' to rebuild what is stale"
        )
