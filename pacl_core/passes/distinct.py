"""Finding what a corpus repeats, so that a model sees each distinct input once."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray


@dataclass(frozen=True)
class Distinct:
    """`rows` [U]: where each distinct value stands first, in order; `index` [N]: row -> place in `rows`."""

    rows: NDArray[np.int64]
    index: NDArray[np.int64]


def distinct(values: pl.LazyFrame) -> Distinct:
    """Distinct values of the only column of `values`. Memory holds two numbers a row, never the values."""
    (name,) = values.collect_schema().names()
    first = (
        values.with_row_index("row")
        .select("row", pl.col("row").min().over(name).alias("first"))
        .collect(engine="streaming")
    )
    first_row = first["first"].to_numpy().astype(np.int64)
    rows, index = np.unique(first_row, return_inverse=True)
    return Distinct(rows, index.astype(np.int64))
