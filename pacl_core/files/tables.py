"""Parquet artefacts: fixed schema, zstd, a checksum per page, streamed in row groups, published whole.

A bit that flips in a page of zstd mostly decodes to other values without an error, so every page has a CRC32,
and every reader here checks it (polars' own reader does not: `scan_table` reads for it).
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from polars.io.plugins import register_io_source

from pacl_core.errors import UserError
from pacl_core.files.publish import published_file

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
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, *, size: int | None
    ) -> Iterator[pl.DataFrame]:
        for batch in batches(Table(path, tuple(columns or schema)), size or ROW_GROUP):
            frame = _frame(batch if rows is None else batch.slice(0, rows))
            if rows is not None:
                rows -= len(frame)
            yield frame if predicate is None else frame.filter(predicate)
            if rows == 0:
                return

    # polars calls by place
    return register_io_source(lambda *asked: read(*asked[:3], size=asked[3]), schema=schema)


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


@dataclass(frozen=True)
class Table:
    """One artefact: a parquet file, or a folder of part files in name order, and the columns wanted."""

    path: Path
    columns: tuple[str, ...]


def part_files(path: Path) -> list[Path]:
    """The parquet files of a table in row order. Raises `UserError` where there are none."""
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files or not files[0].exists():
        raise UserError(f"{path}: missing; run the stage that writes it ('dvc repro')")
    return files


def unreadable(file: Path, error: Exception) -> UserError:
    """The error for a damaged parquet file, with the library's message."""
    reason = " ".join(str(error).split())[:200]
    return UserError(f"{file}: unreadable parquet ({reason}); delete it and run 'dvc repro'")


def column_names(path: Path) -> list[str]:
    """Names of a table's columns. Raises `UserError` where it is missing or damaged."""
    names: list[str] = _read_schema(part_files(path)[0]).names
    return names


def row_count(path: Path) -> int:
    """Number of rows of a table, from the files' footers. Raises `UserError` naming a damaged file."""
    return sum(int(_footer(file).num_rows) for file in part_files(path))


def batches(table: Table, size: int, start: int = 0) -> Iterator[pa.RecordBatch]:
    """Record batches from row `start`, of exactly `size` rows but for the last, whatever the row groups.

    Row groups that end before `start` are not read. Raises `UserError` naming a file that cannot be
    read, or has a page whose checksum is not that of its bytes.
    """
    held: list[pa.RecordBatch] = []
    rows = 0
    for file in part_files(table.path):
        skipped = min(start, _footer(file).num_rows) if start else 0
        start -= skipped
        for batch in _file_batches(file, list(table.columns), size, start=skipped):
            held.append(batch)
            rows += batch.num_rows
            while rows >= size:
                whole = pa.concat_batches(held)
                yield whole.slice(0, size)
                held, rows = [whole.slice(size)], rows - size
    if rows:
        yield pa.concat_batches(held)


def _footer(file: Path) -> pq.FileMetaData:
    try:
        return pq.read_metadata(file)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(file, error) from None


def _file_batches(file: Path, columns: list[str], size: int, *, start: int) -> Iterator[pa.RecordBatch]:
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as opened:
            groups = list(range(opened.num_row_groups))
            while groups and start >= (rows := opened.metadata.row_group(groups[0]).num_rows):
                start -= rows
                del groups[0]
            for batch in opened.iter_batches(size, row_groups=groups, columns=columns):
                if start < batch.num_rows:
                    yield batch.slice(start)
                start = max(0, start - batch.num_rows)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(file, error) from None


def table_sha256(table: Table) -> str:
    """Hex SHA-256 over the string columns of a table, row by row; streams."""
    digest = hashlib.sha256()
    for batch in batches(table, 10_000):
        for column in batch.columns:
            for value in column.to_pylist():
                encoded = repr(value).encode()
                digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()


def aligned(tables: Sequence[Table], size: int, start: int = 0) -> Iterator[tuple[pa.RecordBatch, ...]]:
    """Batches of all tables in lockstep, from row `start`. Each table must have `sample_id`.

    Raises `UserError` where the tables are not rows of the same pairs in the same order.
    """
    paths = ", ".join(str(table.path) for table in tables)
    if len({row_count(table.path) for table in tables}) > 1:
        raise UserError(f"{paths}: different numbers of rows; run 'dvc repro' to rebuild what is stale")
    with_ids = [Table(t.path, tuple(dict.fromkeys(("sample_id", *t.columns)))) for t in tables]
    for row in zip(*(batches(table, size, start) for table in with_ids), strict=True):
        # polars and pyarrow store strings in different widths; compare them as one
        first, *others = (batch["sample_id"].cast(pa.string()) for batch in row)
        if any(not other.equals(first) for other in others):
            raise UserError(f"{paths}: rows of different runs; run 'dvc repro' to rebuild what is stale")
        yield row


def check_same_rows(paths: Sequence[Path]) -> None:
    """Raise `UserError` unless all tables hold the same `sample_id`s in the same order."""
    for _ in aligned([Table(path, ()) for path in paths], 16_384):
        continue


def take_rows(files: Sequence[Path], rows: Iterable[int], columns: list[str]) -> dict[int, dict[str, Any]]:
    """The rows of these numbers, counted through all files; only their row groups are read."""
    wanted, start = sorted(set(rows)), 0
    found: dict[int, dict[str, Any]] = {}
    for path in files:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                end = start + file.metadata.row_group(group).num_rows
                here = [row for row in wanted if start <= row < end]
                if here:
                    table = file.read_row_group(group, columns=columns)
                    taken = table.take([row - start for row in here]).to_pylist()
                    found |= dict(zip(here, taken, strict=True))
                start = end
    return found
