"""Sentiment of clips' texts as a table: a classifier's logits, and how neutral each text is."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pacl_core.encoding.encoded import Encoded
from pacl_core.files.tables import Table, batches, table_writer

SENTIMENT_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("logits", pa.list_(pa.float32()), nullable=False),
        pa.field("neutral", pa.float32()),
    ]
)
_BATCH = 8192


def write_sentiment(out: Path, clips: Path, found: Encoded) -> dict[str, Any]:
    """Publish `found` of `classifiers.load_with_neutral` in the order of `clips`, a batch in memory; counts.

    `neutral` is null where the model has no such class. Counts: clips, logits (of a text), with_neutral, and
    mean_neutral where there is any.
    """
    start = known = 0
    total = 0.0
    with table_writer(out, SENTIMENT_SCHEMA) as writer:
        for batch in batches(Table(clips, ("sample_id",)), _BATCH):
            rows = found.rows(start, start + batch.num_rows)
            neutral = rows[:, -1]
            logits = [row.tolist() for row in rows[:, :-1]]
            columns = [batch["sample_id"], logits, pa.array(neutral, from_pandas=True)]
            writer.write_table(pa.table(columns, schema=SENTIMENT_SCHEMA))
            start += batch.num_rows
            known += int(np.isfinite(neutral).sum())
            total += float(np.nansum(neutral, dtype=np.float64))
    counts: dict[str, Any] = {"clips": start, "logits": found.dim - 1, "with_neutral": known}
    return counts | ({"mean_neutral": total / known} if known else {})
