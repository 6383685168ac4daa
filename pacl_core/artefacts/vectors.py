"""Embedding artefacts: `vectors.npy` and `ids.parquet` in one folder, the same row order."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pacl_core.artefacts.publish import published_folder
from pacl_core.artefacts.tables import read_table, write_table
from pacl_core.errors import UserError


@dataclass(frozen=True)
class Vectors:
    """`sample_ids` [N] and the memory-mapped `vectors` [N, D] float32 or float16."""

    sample_ids: list[str]
    vectors: NDArray[Any]


def write_vectors(folder: Path, sample_ids: list[str], vectors: NDArray[Any]) -> None:
    """Publish both files. Raises ValueError where the counts differ."""
    if len(sample_ids) != len(vectors):
        raise ValueError(f"{len(sample_ids)} ids for {len(vectors)} vectors")
    with published_folder(folder) as draft:
        np.save(draft / "vectors.npy", np.ascontiguousarray(vectors))
        write_table(draft / "ids.parquet", pa.table({"sample_id": pa.array(sample_ids, pa.string())}))


def read_vectors(folder: Path) -> Vectors:
    """Map a folder of vectors. Raises `UserError` where a file is missing or the rows disagree."""
    ids = read_table(folder / "ids.parquet")["sample_id"].to_pylist()
    try:
        vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError) as error:
        raise UserError(f"{folder / 'vectors.npy'}: {error}; delete the folder and run again") from None
    if len(ids) != len(vectors):
        raise UserError(f"{folder}: {len(ids)} ids for {len(vectors)} vectors; delete it and run again")
    return Vectors(ids, vectors)
