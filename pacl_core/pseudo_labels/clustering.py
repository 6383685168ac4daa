"""k-means over stored embeddings: centres from a sample, labels for all by streaming."""

from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from pacl_core.errors import UserError
from pacl_core.params.data import PseudoLabelsParams

BLOCK = 65_536


@dataclass(frozen=True)
class Clusters:
    """`labels` [N] int32, `sizes` [K], `centres` [K, D] float32, `inertia`: mean squared distance."""

    labels: NDArray[np.int32]
    sizes: list[int]
    centres: NDArray[np.float32]
    inertia: float


def cluster(vectors: NDArray[Any], params: PseudoLabelsParams, what: str) -> Clusters:
    """Cluster [N, D] vectors (may be memory-mapped) into K; labels ordered by size, largest first.

    The same vectors and seed give the same labels. Raises `UserError` for K > N or a vector that is
    not finite; `what` names the embeddings in it.
    """
    if params.k > len(vectors):
        raise UserError(f"pseudo_labels.k: {params.k} clusters asked of {len(vectors)} {what}; lower k")
    kmeans = faiss.Kmeans(
        vectors.shape[1],
        params.k,
        niter=params.iterations,
        nredo=params.restarts,
        seed=params.seed,
        # the sample is drawn here, so faiss must neither draw again nor warn of few points
        min_points_per_centroid=1,
        max_points_per_centroid=max(1, params.sample),
    )
    kmeans.train(_sample(vectors, params, what))
    labels, inertia = _assign(vectors, kmeans.index, params.normalise, what)
    return _by_size(labels, np.asarray(kmeans.centroids, np.float32), inertia)


def _sample(vectors: NDArray[Any], params: PseudoLabelsParams, what: str) -> NDArray[np.float32]:
    if len(vectors) <= params.sample:
        return _prepared(vectors, params.normalise, what)
    generator = np.random.default_rng(params.seed)
    rows = np.sort(generator.choice(len(vectors), params.sample, replace=False))
    return _prepared(vectors[rows], params.normalise, what)


def _prepared(block: NDArray[Any], normalise: bool, what: str) -> NDArray[np.float32]:
    ready = np.array(block, np.float32)  # a copy: faiss normalises in place
    if not np.isfinite(ready).all():
        raise UserError(f"{what}: a vector is not finite; run the embedding stage again")
    if normalise:
        faiss.normalize_L2(ready)
    return ready


def _assign(vectors: NDArray[Any], index: Any, normalise: bool, what: str) -> tuple[NDArray[np.int32], float]:
    labels = np.empty(len(vectors), np.int32)
    total = 0.0
    for start in range(0, len(vectors), BLOCK):
        block = _prepared(vectors[start : start + BLOCK], normalise, what)
        distances, nearest = index.search(block, 1)
        labels[start : start + len(block)] = nearest[:, 0]
        total += float(distances.sum(dtype=np.float64))
    return labels, total / len(vectors)


def _by_size(labels: NDArray[np.int32], centres: NDArray[np.float32], inertia: float) -> Clusters:
    counts = np.bincount(labels, minlength=len(centres))
    order = np.argsort(-counts, kind="stable")
    new_label = np.empty(len(order), np.int32)
    new_label[order] = np.arange(len(order), dtype=np.int32)
    return Clusters(new_label[labels], counts[order].tolist(), centres[order], inertia)
