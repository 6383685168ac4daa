"""Views of stored embeddings: a flat map, and the rows nearest to each centre."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

BLOCK = 8192

Vectors = NDArray[np.float64]


def _prepared(vectors: NDArray[Any], normalise: bool) -> Vectors:
    """Rows [N, D] as float64, of unit length where `normalise`; a row of zeros stays zeros."""
    rows = np.asarray(vectors, np.float64)
    if not normalise:
        return rows
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    ready: Vectors = rows / np.where(norms > 0, norms, 1)
    return ready


def _blocks(vectors: NDArray[Any], normalise: bool) -> Iterator[tuple[int, Vectors]]:
    """All rows in blocks, each with the number of its first row."""
    for start in range(0, len(vectors), BLOCK):
        yield start, _prepared(vectors[start : start + BLOCK], normalise)


@dataclass(frozen=True)
class Flat:
    """`rows` [P] of the embeddings, ascending; `places` [P, 2]; `explained`: fraction of variance by axis."""

    rows: NDArray[np.int64]
    places: NDArray[np.float64]
    explained: list[float]


def flat_map(vectors: NDArray[Any], points: int, normalise: bool, *, seed: int) -> Flat:
    """PCA of at most `points` rows of [N, D], drawn by `seed`; only they are read.

    Always two axes; with fewer than three rows, or one dimension, the missing ones are 0.
    """
    count = min(points, len(vectors))
    rows = np.sort(np.random.default_rng(seed).choice(len(vectors), count, replace=False)).astype(np.int64)
    sample = _prepared(vectors[rows], normalise)
    places = np.zeros((count, 2))
    explained = [0.0, 0.0]
    axes = min(2, count - 1, sample.shape[1])
    if axes > 0 and np.ptp(sample, axis=0).any():
        fitted = PCA(axes, svd_solver="full")
        places[:, :axes] = fitted.fit_transform(sample)
        explained[:axes] = fitted.explained_variance_ratio_.tolist()
    return Flat(rows, places, explained)


_DIGITS = 6  # distances equal in this many digits belong to the same image or text, posted twice


@dataclass(frozen=True)
class Near:
    """One row of the embeddings: the `rank`-th nearest (from 1) to the centre of `label`."""

    label: int
    rank: int
    row: int
    distance: float


def nearest(
    vectors: NDArray[Any], labels: NDArray[np.integer[Any]], count: int, *, normalise: bool
) -> list[Near]:
    """The `count` rows of each label nearest (Euclidean) to the mean of its rows, by label and rank.

    `vectors` [N, D] are read twice, a block at a time; of rows at the same distance only the first is kept.
    """
    centres = _centres(vectors, labels, normalise)
    held = {label: (np.empty(0), np.empty(0, np.int64)) for label in range(len(centres))}
    for start, block in _blocks(vectors, normalise):
        own = labels[start : start + len(block)]
        distances = np.linalg.norm(block - centres[own], axis=1).round(_DIGITS)
        for label in np.unique(own).tolist():
            here = np.flatnonzero(own == label)
            seen, rows = held[label]
            everything = np.concatenate([seen, distances[here]])
            kept, first = np.unique(everything, return_index=True)
            held[label] = kept[:count], np.concatenate([rows, here + start])[first[:count]]
    return [
        Near(label, rank, int(row), float(distance))
        for label, (distances, rows) in held.items()
        for rank, (distance, row) in enumerate(zip(distances, rows, strict=True), start=1)
    ]


def _centres(vectors: NDArray[Any], labels: NDArray[np.integer[Any]], normalise: bool) -> NDArray[np.float64]:
    clusters = int(labels.max()) + 1
    sums = np.zeros((clusters, vectors.shape[1]))
    for start, block in _blocks(vectors, normalise):
        np.add.at(sums, labels[start : start + len(block)], block)
    centres: NDArray[np.float64] = sums / np.maximum(np.bincount(labels, minlength=clusters), 1)[:, None]
    return centres
