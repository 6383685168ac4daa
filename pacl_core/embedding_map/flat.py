"""A flat map: a sample of the embeddings on their two main axes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from pacl_core.embedding_map.blocks import prepared


@dataclass(frozen=True)
class Flat:
    """`rows` [P] of the embeddings, ascending; `places` [P, 2]; `explained`: each axis' share of variance."""

    rows: NDArray[np.int64]
    places: NDArray[np.float64]
    explained: list[float]


def flat_map(vectors: NDArray[Any], points: int, normalise: bool, seed: int) -> Flat:
    """PCA of at most `points` rows of [N, D], drawn by `seed`; only they are read.

    Two axes always: of fewer than three rows, or in one dimension, what is missing is 0.
    """
    count = min(points, len(vectors))
    rows = np.sort(np.random.default_rng(seed).choice(len(vectors), count, replace=False)).astype(np.int64)
    sample = prepared(vectors[rows], normalise)
    places = np.zeros((count, 2))
    explained = [0.0, 0.0]
    axes = min(2, count - 1, sample.shape[1])
    if axes > 0 and np.ptp(sample, axis=0).any():
        fitted = PCA(axes, svd_solver="full")
        places[:, :axes] = fitted.fit_transform(sample)
        explained[:axes] = fitted.explained_variance_ratio_.tolist()
    return Flat(rows, places, explained)
