"""Parquet artefacts: fixed schema, zstd, streamed in row groups, published whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
