"""The partition table: text, ANPs, scores, values, matches and partition of each pair, in corpus order."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pacl_core.files.tables import Table, aligned, table_writer
from pacl_core.methods.pacl.params import PartitionParams
from pacl_core.methods.pacl.partition.matching import Matcher, matcher, partition_places
from pacl_core.methods.pacl.partition.scores import BLOCK, Scores, score_column
from pacl_core.methods.pacl.partitions import PARTITIONS

SCHEMA = pa.schema(
    [
        ("sample_id", pa.string()),
        ("text", pa.string()),
        ("anps", pa.list_(pa.string())),
        ("factual_score", pa.float32()),
        ("emotional_score", pa.float32()),
        ("factual_value", pa.float32()),
        ("emotional_value", pa.float32()),
        ("factual_matched", pa.bool_()),
        ("emotional_matched", pa.bool_()),
        ("partition", pa.string()),
    ]
)


@dataclass(frozen=True)
class Thresholds:
    """The thresholds that were applied to the values."""

    factual: float
    emotional: float


class Inputs(NamedTuple):
    """Tables of the same pairs in one row order: posts, phrases, and the two scores."""

    pairs: Path
    anps: Path
    factual: Path
    emotional: Path


def write_partition(inputs: Inputs, out: Path, params: PartitionParams) -> Thresholds:
    """Publish partition.parquet. Memory holds one row group, whatever the transforms and thresholds.

    Raises `UserError` where the inputs are not rows of the same pairs.
    """
    of_factual = matcher(score_column(inputs.factual, "factual_score"), params.factual)
    of_emotional = matcher(score_column(inputs.emotional, "emotional_score"), params.emotional)
    tables = [
        Table(inputs.pairs, ("text",)),
        Table(inputs.anps, ("anps",)),
        Table(inputs.factual, ("factual_score",)),
        Table(inputs.emotional, ("emotional_score",)),
    ]
    names = pa.array(PARTITIONS, pa.string())
    start = 0
    with table_writer(out, SCHEMA) as writer:
        for texts, phrases, factual_rows, emotional_rows in aligned(tables, BLOCK):
            factual_value, factual_matched = _match(of_factual, factual_rows["factual_score"], start)
            emotional_value, emotional_matched = _match(
                of_emotional, emotional_rows["emotional_score"], start
            )
            columns = {
                "sample_id": texts["sample_id"],
                "text": texts["text"],
                "anps": phrases["anps"],
                "factual_score": factual_rows["factual_score"],
                "emotional_score": emotional_rows["emotional_score"],
                "factual_value": pa.array(factual_value, from_pandas=True),  # NaN, unknown, becomes null
                "emotional_value": pa.array(emotional_value, from_pandas=True),
                "factual_matched": factual_matched,
                "emotional_matched": emotional_matched,
                "partition": names.take(
                    pa.array(partition_places(factual_matched, emotional_matched, params.mode))
                ),
            }
            writer.write_table(pa.table(columns).cast(SCHEMA), row_group_size=BLOCK)
            start += texts.num_rows
    return Thresholds(of_factual.threshold, of_emotional.threshold)


def _match(matched_by: Matcher, scores: pa.Array, start: int) -> tuple[Scores, NDArray[np.bool_]]:
    return matched_by(np.asarray(scores.to_numpy(zero_copy_only=False), np.float32), start)
