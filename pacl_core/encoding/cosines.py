"""Row by row cosines of two encoded columns, as a parquet of scores."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pacl_core.files.tables import ROW_GROUP, Table, batches, table_writer

# (start, stop) -> those rows of an encoded column [stop - start, D]
EncodedRows = Callable[[int, int], NDArray[np.float32]]


def row_cosines(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine of each row of [B, D] with the same row of [B, D]; NaN where either is all zero."""
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    dots = np.einsum("bd,bd->b", left, right)
    known = lengths > 0
    cosines = np.full(len(left), np.nan, np.float32)
    cosines[known] = np.clip(dots[known] / lengths[known], -1, 1)
    return cosines


def write_scores(out: Path, ids_from: Path, column: str, *, left: EncodedRows, right: EncodedRows) -> None:
    """Publish `sample_id` and `column` (raw cosine, float32, null where undefined), one batch in memory."""
    schema = pa.schema([("sample_id", pa.string()), (column, pa.float32())])
    start = 0
    with table_writer(out, schema) as writer:
        for batch in batches(Table(ids_from, ("sample_id",)), ROW_GROUP):
            stop = start + batch.num_rows
            scores = row_cosines(left(start, stop), right(start, stop))
            writer.write_table(
                pa.table([batch["sample_id"], pa.array(scores, from_pandas=True)], schema=schema)
            )
            start = stop
