"""Embedding artefacts: `vectors.npy` and `ids.parquet` in one folder, the same row order.

`checksum.json` holds the CRC32 of vectors.npy, taken while it is written and compared before it is mapped:
any bit of a float32 may flip and leave a float32. (CRC32 takes 4 GB/s here, where SHA-256 takes 1.8.)
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json, write_json
from pacl_core.files.npy_file import allocate, release
from pacl_core.files.publish import published_folder
from pacl_core.files.tables import row_count, scan_table, sink_table

BLOCK = 8192
CHECKSUM = "checksum.json"
_CHUNK = 1 << 24


@dataclass(frozen=True)
class Vectors:
    """`ids`: parquet file with the rows' ids [N]; `vectors` [N, D] float32 or float16, memory-mapped."""

    ids: Path
    vectors: NDArray[Any]


def write_vectors(
    folder: Path,
    ids_from: Path,
    block: Callable[[int, int], NDArray[np.float32]],
    *,
    dim: int,
    id_column: str = "sample_id",
) -> None:
    """Publish vectors in the row order of `ids_from`, a parquet file or folder with `id_column`.

    `block(start, stop)` returns rows [stop - start, dim]; one block is in memory at a time.
    """
    with published_folder(folder) as draft:
        sink_table(draft / "ids.parquet", scan_table(ids_from).select(id_column))
        count = row_count(draft / "ids.parquet")
        rows = allocate(draft / "vectors.npy", (count, dim))
        with (draft / "vectors.npy").open("rb") as file:
            crc32 = zlib.crc32(file.read(rows.offset))
        for start in range(0, count, BLOCK):
            stop = min(start + BLOCK, count)
            rows[start:stop] = block(start, stop)
            crc32 = zlib.crc32(rows[start:stop].data, crc32)
            release(rows)
        rows.flush()
        write_json(draft / CHECKSUM, {"vectors.npy": {"crc32": crc32}})


def read_vectors(folder: Path) -> Vectors:
    """Map a folder of vectors, after checking that its bytes are those that were written.

    Raises `UserError` where a file is missing or damaged, or the rows disagree.
    """
    ids = folder / "ids.parquet"
    count = row_count(ids)
    try:
        if _crc32(folder / "vectors.npy") != read_json(folder / CHECKSUM)["vectors.npy"]["crc32"]:
            raise ValueError(f"not the bytes that {CHECKSUM} describes")
        vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
        raise UserError(f"{folder / 'vectors.npy'}: {error}; delete the folder and run 'dvc repro'") from None
    if count != len(vectors):
        raise UserError(f"{folder}: {count} ids for {len(vectors)} vectors; delete it and run 'dvc repro'")
    return Vectors(ids, vectors)


def _crc32(path: Path) -> int:
    found = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found = zlib.crc32(chunk, found)
    return found
