"""Embedding artefacts: `vectors.npy` and `ids.parquet` in one folder, the same row order."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pacl_core.artefacts.aligned import part_files, row_count
from pacl_core.artefacts.npy_file import allocate, release
from pacl_core.artefacts.publish import published_folder
from pacl_core.artefacts.tables import sink_table
from pacl_core.errors import UserError

BLOCK = 8192


@dataclass(frozen=True)
class Vectors:
    """`ids`: parquet file with the rows' ids [N]; `vectors` [N, D] float32 or float16, memory-mapped."""

    ids: Path
    vectors: NDArray[Any]


def write_vectors(
    folder: Path,
    ids_from: Path,
    block: Callable[[int, int], NDArray[np.float32]],
    dim: int,
    id_column: str = "sample_id",
) -> None:
    """Publish vectors in the row order of `ids_from`, a parquet file or folder with `id_column`.

    `block(start, stop)` returns rows [stop - start, dim]; one block is in memory at a time.
    """
    with published_folder(folder) as draft:
        sink_table(draft / "ids.parquet", pl.scan_parquet(part_files(ids_from)).select(id_column))
        count = row_count(draft / "ids.parquet")
        rows = allocate(draft / "vectors.npy", (count, dim))
        for start in range(0, count, BLOCK):
            stop = min(start + BLOCK, count)
            rows[start:stop] = block(start, stop)
            release(rows)
        rows.flush()


def read_vectors(folder: Path) -> Vectors:
    """Map a folder of vectors. Raises `UserError` where a file is missing or the rows disagree."""
    ids = folder / "ids.parquet"
    count = row_count(ids)
    try:
        vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{folder / 'vectors.npy'}: {error}; delete the folder and run 'dvc repro'") from None
    if count != len(vectors):
        raise UserError(f"{folder}: {count} ids for {len(vectors)} vectors; delete it and run 'dvc repro'")
    return Vectors(ids, vectors)
