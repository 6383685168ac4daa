"""Ranks of all scores of a column, kept on disk: memory holds one bucket of them."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from pacl_core.files.buckets import Buckets, bucket_count
from pacl_core.files.npy_file import allocate, release
from pacl_core.methods.pacl.partition.scores import BLOCK, ScoreColumn, sort_keys

_RECORD = np.dtype([("score", np.float32), ("row", np.int64)])


def rank_values(column: ScoreColumn, folder: Path | None = None) -> NDArray[np.float64]:
    """Rank of each score [N], from 1, ties at the mean of their ranks, NaN where unknown; memory-mapped.

    The array's file is deleted with it. It needs 20 bytes a row in `folder`, by default the system's
    temporary one.
    """
    if not column.rows:
        return np.empty(0)
    with TemporaryDirectory(dir=folder) as scratch:
        found: NDArray[np.float64] = allocate(Path(scratch) / "ranks.npy", (column.rows,), np.float64)
        histogram = column.coarse_histogram()
        # a bin of the histogram goes whole to one bucket: equal scores stay together, buckets are in order
        size = max(1, -(-column.known // bucket_count(column.known)))
        bucket_of = (np.cumsum(histogram) - histogram) // size
        with Buckets(int(bucket_of[-1]) + 1, _RECORD, Path(scratch)) as buckets:
            start = 0
            for block in column.blocks():
                known = np.flatnonzero(~np.isnan(block))
                records = np.empty(len(known), _RECORD)
                records["score"], records["row"] = block[known] + np.float32(0), known + start
                buckets.add(bucket_of[sort_keys(records["score"]) >> 16], records)
                found[start : start + len(block)] = np.nan
                release(found)
                start += len(block)
            lower = 0
            for records in buckets:
                ranked = rankdata(records["score"]) + lower
                for at in range(0, len(records), BLOCK):
                    found[records["row"][at : at + BLOCK]] = ranked[at : at + BLOCK]
                    release(found)
                lower += len(records)
    return found
