"""k-means over stored embeddings: centres from a sample, labels for all by streaming."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacl_core.artefacts.npy_file import npy_bytes, release
from pacl_core.artefacts.publish import published_file
from pacl_core.errors import UserError
from pacl_core.params.data import PseudoLabelsParams
from pacl_core.progress import Progress
from pacl_core.pseudo_labels.assignment import assign
from pacl_core.pseudo_labels.centres import find_centres

BLOCK = 16_384  # rows: with fewer, the threads of a product wait for each other; more gains nothing


@dataclass(frozen=True)
class Clusters:
    """`sizes` [K], `centres` [K, D] float32, `inertia`: mean squared distance; the labels lie on disk."""

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


def cluster(vectors: NDArray[Any], params: PseudoLabelsParams, what: str, folder: Path) -> Clusters:
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
                labels, inertia = assign(block, centres, params.normalise, what)
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
