"""What lies nearest to each cluster's centre: the pairs that say what a cluster is about."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacl_core.embedding_map.blocks import blocks

_DIGITS = 6  # distances that agree so far are of the same picture or text, posted twice


@dataclass(frozen=True)
class Near:
    """One row of the embeddings: the `rank`-th nearest (from 1) to the centre of `label`."""

    label: int
    rank: int
    row: int
    distance: float


def nearest(
    vectors: NDArray[Any], labels: NDArray[np.integer[Any]], count: int, normalise: bool
) -> list[Near]:
    """The `count` rows of each label nearest (Euclidean) to the mean of its rows, by label and rank.

    `vectors` [N, D] are read twice, a block at a time; of rows at the same distance only the first counts.
    """
    centres = _centres(vectors, labels, normalise)
    held = {label: (np.empty(0), np.empty(0, np.int64)) for label in range(len(centres))}
    for start, block in blocks(vectors, normalise):
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
    for start, block in blocks(vectors, normalise):
        np.add.at(sums, labels[start : start + len(block)], block)
    centres: NDArray[np.float64] = sums / np.maximum(np.bincount(labels, minlength=clusters), 1)[:, None]
    return centres
