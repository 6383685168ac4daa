"""A text model over texts, each distinct one once, sorted by length in a block if padding is dynamic."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pacl_core.encoding.blocks import Block, blocks_of
from pacl_core.encoding.distinct import distinct
from pacl_core.encoding.encoded import Encoded, encoded
from pacl_core.encoding.engine import Engine
from pacl_core.encoding.task import Batch
from pacl_core.errors import UserError
from pacl_core.files.tables import scan_table
from pacl_core.models.text_encoders import TextEncoder


@dataclass(frozen=True)
class TextTask:
    """An `EncodingTask`: the texts that `column` makes of a file's rows. An empty text becomes zeros."""

    column: pl.Expr = field(default_factory=lambda: pl.col("text"))

    def batches(self, model: TextEncoder, block: Block, skip: int, *, size: int) -> Iterator[Batch]:
        texts = _texts(block, self.column)
        order = np.argsort([len(text.encode()) for text in texts], kind="stable")
        if not model.pads:
            order = np.arange(len(texts))
        for start in range(skip, len(order), size):
            places = order[start : start + size]
            yield Batch(places, [texts[place] for place in places])

    def prepare(self, model: TextEncoder, inputs: Sequence[str]) -> Sequence[str]:
        return inputs

    def encode(self, model: TextEncoder, prepared: Sequence[str]) -> NDArray[np.float32]:
        spoken = [place for place, text in enumerate(prepared) if text]
        vectors = np.zeros((len(prepared), model.dim), np.float32)
        if spoken:
            vectors[spoken] = model.encode_texts([prepared[place] for place in spoken])
        return vectors


def encode_texts(
    engine: Engine, table: Path, folder: Path, *, column: pl.Expr | None = None, cuts: Sequence[int] = ()
) -> Encoded:
    """Encode the texts that `column` (None: the column `text`) makes of a table's rows.

    A block per file, cut further at the rows `cuts`; resumes a killed run. Which texts share a batch, and so
    every bit of the result, depends only on the texts.
    """
    task = TextTask() if column is None else TextTask(column)
    folder.mkdir(parents=True, exist_ok=True)
    found = distinct(scan_table(table).select(task.column.alias("text")), folder)
    blocks = blocks_of(table, found.rows, cuts)
    engine.run(task, blocks, folder, what=folder.name)
    return encoded(folder, blocks, found.index)


def _texts(block: Block, column: pl.Expr) -> list[str]:
    rows = np.asarray(block.rows)
    span = scan_table(block.file).slice(int(rows[0]), int(rows[-1] - rows[0]) + 1)
    try:
        texts = span.select(column.alias("text")).collect().to_series()
    except (pl.exceptions.ComputeError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{block.file}: unreadable ({reason}); delete it and run 'dvc repro'") from None
    wanted: list[str] = texts.gather(rows - rows[0]).to_list()
    return wanted
