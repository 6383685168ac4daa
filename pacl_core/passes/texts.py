"""A text model over texts: each distinct one once, by length where padding is dynamic."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pacl_core.artefacts.aligned import Table, batches
from pacl_core.artefacts.tables import sink_table
from pacl_core.passes.distinct import distinct
from pacl_core.passes.encoded import Encoded
from pacl_core.passes.resumable import ResumableRows
from pacl_core.progress import Progress

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


def encode_texts(
    texts: pl.LazyFrame, encode: Encode, dim: int, pads: bool, batch: int, scratch: Path, what: str
) -> Encoded:
    """Encode the only column of `texts`, resuming from `scratch` after a kill.

    `pads`: the encoder pads to the longest of a batch, so texts are taken by length. The order, and
    with it every batch, depends on the texts alone. An empty text has the zero vector.
    """
    found = distinct(texts)
    folder = scratch / what.replace(" ", "_")
    folder.mkdir(parents=True, exist_ok=True)
    order = _write_in_order(texts, found.rows, pads, folder / "distinct.parquet")
    rows = ResumableRows(folder, len(order), dim)
    with Progress(what, len(order), rows.done) as progress:
        seen = 0
        for part in batches(Table(folder / "distinct.parquet", ("text",)), batch):
            seen += part.num_rows
            if seen > rows.done:
                rows.append(_encode_spoken(encode, part["text"].to_pylist(), dim))
                progress.add(part.num_rows)
    place = np.empty(len(order), np.int64)  # of each distinct text among the encoded
    place[np.searchsorted(found.rows, order)] = np.arange(len(order))
    return Encoded(rows.array, place[found.index])


def _encode_spoken(encode: Encode, texts: Sequence[str], dim: int) -> NDArray[np.float32]:
    spoken = [place for place, text in enumerate(texts) if text]
    vectors = np.zeros((len(texts), dim), np.float32)
    if spoken:
        vectors[spoken] = encode([texts[place] for place in spoken])
    return vectors


def _write_in_order(
    texts: pl.LazyFrame, rows: NDArray[np.int64], pads: bool, path: Path
) -> NDArray[np.int64]:
    """Write the texts of `rows` in the order of encoding; returns their rows in that order."""
    (name,) = texts.collect_schema().names()
    chosen = (
        texts.select(pl.col(name).alias("text"))
        .with_row_index("row")
        .join(pl.LazyFrame({"row": pl.Series(rows, dtype=pl.get_index_type())}), on="row", how="semi")
        .sort(pl.col("text").str.len_bytes() if pads else pl.lit(0), "row")
    )
    sink_table(path, chosen, row_group=10_000)
    order: NDArray[np.int64] = (
        pl.scan_parquet(path).select("row").collect().to_series().to_numpy().astype(np.int64)
    )
    return order
