"""Parquet artefacts: fixed schema, zstd, a checksum per page, streamed in row groups, published whole.

A bit that flips in a page of zstd mostly decodes to other values without an error, so every page has a CRC32,
and every reader here checks it (polars' own reader does not: `scan_table` reads for it).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from polars.io.plugins import register_io_source

from pacl_core.artefacts.aligned import Table, batches, part_files, unreadable
from pacl_core.artefacts.publish import published_file
from pacl_core.errors import UserError

ROW_GROUP = 100_000


@contextmanager
def table_writer(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """Yield a parquet writer; the file appears at `path` when the block ends without an error."""
    with (
        published_file(path) as draft,
        pq.ParquetWriter(draft, schema, compression="zstd", write_page_checksum=True) as writer,
    ):
        yield writer


def write_table(path: Path, table: pa.Table) -> None:
    """Publish a table that is in memory."""
    with table_writer(path, table.schema) as writer:
        writer.write_table(table, row_group_size=ROW_GROUP)


def sink_table(path: Path, frame: pl.LazyFrame, row_group: int = ROW_GROUP) -> None:
    """Publish a lazy frame, streamed, rows in their order, in row groups of `row_group`."""
    held: list[pa.Table] = []
    rows = 0
    with table_writer(path, _schema(frame)) as writer:
        for batch in frame.collect_batches(chunk_size=row_group, maintain_order=True, engine="streaming"):
            held.append(batch.to_arrow().cast(writer.schema))
            rows += len(batch)
            if rows >= row_group:
                table = pa.concat_tables(held)
                whole = rows - rows % row_group
                writer.write_table(table.slice(0, whole), row_group_size=row_group)
                held, rows = [table.slice(whole)], rows - whole
        if rows:
            writer.write_table(pa.concat_tables(held), row_group_size=row_group)


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a parquet file. Raises `UserError` where it is missing or not as it was written."""
    try:
        return pq.read_table(path, columns=columns, page_checksum_verification=True)
    except FileNotFoundError:
        raise UserError(f"{path}: missing; run the stage that writes it ('dvc repro')") from None
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, error) from None


def scan_table(path: Path) -> pl.LazyFrame:
    """A parquet file, or a folder of parts in name order, as a lazy frame whose pages are checked when read.

    Raises `UserError` where it is missing; polars passes on what goes wrong later as a `ComputeError`.
    """
    schema = _frame(_read_schema(part_files(path)[0]).empty_table()).schema

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        for batch in batches(Table(path, tuple(columns or schema)), size or ROW_GROUP):
            frame = _frame(batch if rows is None else batch.slice(0, rows))
            if rows is not None:
                rows -= len(frame)
            yield frame if predicate is None else frame.filter(predicate)
            if rows == 0:
                return

    return register_io_source(read, schema=schema)


def _frame(data: pa.Table | pa.RecordBatch) -> pl.DataFrame:
    frame = pl.from_arrow(data)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _read_schema(file: Path) -> pa.Schema:
    try:
        return pq.read_schema(file)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(file, error) from None


def _schema(frame: pl.LazyFrame) -> pa.Schema:
    """The frame's schema with strings and lists of pyarrow's usual width, as the other tables have them."""
    empty = frame.head(0).collect().to_arrow()
    return pa.schema([pa.field(field.name, _usual(field.type)) for field in empty.schema])


def _usual(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_list(kind):
        return pa.list_(_usual(kind.value_type))
    return kind
