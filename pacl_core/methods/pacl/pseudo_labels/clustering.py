"""k-means over stored embeddings: centres from a sample, labels for all by streaming."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pacl_core.errors import UserError
from pacl_core.files.npy_file import npy_bytes, release
from pacl_core.files.publish import published_file
from pacl_core.files.tables import Table, batches, table_writer
from pacl_core.methods.pacl.params import PseudoLabelsParams
from pacl_core.methods.pacl.pseudo_labels.centres import assign, find_centres
from pacl_core.runtime.progress import Progress
from pacl_core.runtime.scratch import code_sha256

BLOCK = 16_384  # rows: with fewer, the threads of a product wait for each other; more are not faster


@dataclass(frozen=True)
class Clusters:
    """`sizes` [K], `centres` [K, D] float32, `inertia`: mean squared distance; the labels are on disk."""

    sizes: list[int]
    centres: NDArray[np.float32]
    inertia: float
    _pieces: list[Path]
    _by_size: NDArray[np.int32]

    def labels(self) -> Iterator[NDArray[np.int32]]:
        """Labels [BLOCK] int32, block after block in row order."""
        for piece in self._pieces:
            with np.load(piece, allow_pickle=False) as found:
                yield self._by_size[found["labels"]]


def cluster(vectors: NDArray[Any], params: PseudoLabelsParams, what: str, *, folder: Path) -> Clusters:
    """Cluster [N, D] vectors (may be memory-mapped) into K; labels ordered by size, largest first.

    Finished pieces go to `folder`, from which a killed run continues. Memory: the sample, a block. The
    same vectors and seed give the same labels. Raises `UserError` for K > N or a vector that is not
    finite; `what` names the embeddings in it.
    """
    if params.k > len(vectors):
        raise UserError(f"pseudo_labels.k: {params.k} clusters asked of {len(vectors)} {what}; lower k")
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "centres.npy").exists():
        found = find_centres(vectors, params, what)
        with published_file(folder / "centres.npy") as draft:
            draft.write_bytes(npy_bytes(found))
    centres = np.load(folder / "centres.npy", allow_pickle=False)
    pieces = [folder / f"labels-{start // BLOCK:06d}.npz" for start in range(0, len(vectors), BLOCK)]
    finished = sum(piece.exists() for piece in pieces)
    with Progress(f"labels of {what}", len(vectors), min(finished * BLOCK, len(vectors))) as progress:
        for number, piece in enumerate(pieces):
            if not piece.exists():
                block = vectors[number * BLOCK : (number + 1) * BLOCK]
                labels, inertia = assign(block, centres, params.normalise, what=what)
                with published_file(piece) as draft, draft.open("wb") as stream:
                    np.savez(stream, labels=labels, inertia=inertia)
                release(vectors)
                progress.add(len(labels))
    return _by_size(pieces, centres, len(vectors))


def _by_size(pieces: list[Path], centres: NDArray[np.float32], rows: int) -> Clusters:
    counts, total = np.zeros(len(centres), np.int64), 0.0
    for piece in pieces:
        with np.load(piece, allow_pickle=False) as found:
            counts += np.bincount(found["labels"], minlength=len(centres))
            total += float(found["inertia"])
    order = np.argsort(-counts, kind="stable")
    new_label = np.empty(len(order), np.int32)
    new_label[order] = np.arange(len(order), dtype=np.int32)
    return Clusters(counts[order].tolist(), centres[order], total / rows, pieces, new_label)


def clustering_key(folders: list[Path], params: PseudoLabelsParams) -> dict[str, object]:
    """The scratch key of clustering the embeddings in `folders`."""
    return {
        "inputs": [_identity(file) for folder in folders for file in sorted(folder.iterdir())],
        "params": params.model_dump(),
        "code": code_sha256("methods/pacl/pseudo_labels"),
        "libraries": [version(name) for name in ("faiss-cpu", "numpy", "scikit-learn")],
    }


def _identity(file: Path) -> list[object]:
    """Identifies files without reading them, as DVC does: hashing 100 GB of vectors takes minutes."""
    found = file.stat()
    return [str(file), found.st_size, found.st_mtime_ns, found.st_ino]


SCHEMA = pa.schema(
    [("sample_id", pa.string()), ("factual_label", pa.int32()), ("emotional_label", pa.int32())]
)


def write_pseudo_labels(out: Path, ids: Path, factual: Clusters, *, emotional: Clusters) -> None:
    """Publish `sample_id`, `factual_label`, `emotional_label`; `ids` is the table of the clustered rows.

    Memory holds one block.
    """
    rows = zip(batches(Table(ids, ("sample_id",)), BLOCK), factual.labels(), emotional.labels(), strict=True)
    with table_writer(out, SCHEMA) as writer:
        for batch, of_image, of_text in rows:
            writer.write_table(pa.table([batch["sample_id"], of_image, of_text], schema=SCHEMA))
