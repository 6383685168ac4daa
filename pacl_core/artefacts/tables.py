"""Parquet artefacts: fixed schema, zstd, streamed in row groups, published whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pacl_core.artefacts.publish import published_file
from pacl_core.errors import UserError

ROW_GROUP = 100_000


@contextmanager
def table_writer(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """Yield a parquet writer; the file appears at `path` when the block ends without an error."""
    with published_file(path) as draft, pq.ParquetWriter(draft, schema, compression="zstd") as writer:
        yield writer


def write_table(path: Path, table: pa.Table) -> None:
    """Publish a table that is in memory."""
    with table_writer(path, table.schema) as writer:
        writer.write_table(table, row_group_size=ROW_GROUP)


def sink_table(path: Path, frame: pl.LazyFrame, row_group: int = ROW_GROUP) -> None:
    """Publish a lazy frame, streamed, rows in their order. Raises `UserError` where writing fails."""
    with published_file(path) as draft:
        try:
            frame.sink_parquet(draft, compression="zstd", row_group_size=row_group, maintain_order=True)
        except pl.exceptions.ComputeError as error:  # a full disk comes as one, too
            raise UserError(f"{path}: {str(error).splitlines()[0]}") from None


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a parquet file. Raises `UserError` where it is missing or not whole."""
    try:
        return pq.read_table(path, columns=columns)
    except FileNotFoundError:
        raise UserError(f"{path}: missing; run the stage that writes it ('dvc repro')") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(
            f"{path}: unreadable parquet ({str(error).splitlines()[0]}); delete it and run again"
        ) from None
