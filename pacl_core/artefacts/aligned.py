"""Walking several parquet artefacts of the same pairs side by side, a batch at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pacl_core.errors import UserError


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
    """For a parquet file that is damaged, with what the library says of it."""
    reason = " ".join(str(error).split())[:200]
    return UserError(f"{file}: unreadable parquet ({reason}); delete it and run 'dvc repro'")


def row_count(path: Path) -> int:
    """Rows of a table, read from the files' footers. Raises `UserError` naming a file that is none."""
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
        for batch in _file_batches(file, list(table.columns), size, skipped):
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


def _file_batches(file: Path, columns: list[str], size: int, start: int) -> Iterator[pa.RecordBatch]:
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


def aligned(tables: Sequence[Table], size: int, start: int = 0) -> Iterator[tuple[pa.RecordBatch, ...]]:
    """Batches of all tables in lockstep, from row `start`. Each table must have `sample_id`.

    Raises `UserError` where the tables are not rows of the same pairs in the same order.
    """
    paths = ", ".join(str(table.path) for table in tables)
    if len({row_count(table.path) for table in tables}) > 1:
        raise UserError(f"{paths}: different numbers of rows; run 'dvc repro' to rebuild what is stale")
    with_ids = [Table(t.path, tuple(dict.fromkeys(("sample_id", *t.columns)))) for t in tables]
    for row in zip(*(batches(table, size, start) for table in with_ids), strict=True):
        # polars and pyarrow store strings under two widths: compared as one
        first, *others = (batch["sample_id"].cast(pa.string()) for batch in row)
        if any(not other.equals(first) for other in others):
            raise UserError(f"{paths}: rows of different runs; run 'dvc repro' to rebuild what is stale")
        yield row


def check_same_rows(paths: Sequence[Path]) -> None:
    """Raise `UserError` unless all tables hold the same `sample_id`s in the same order."""
    for _ in aligned([Table(path, ()) for path in paths], 16_384):
        continue
