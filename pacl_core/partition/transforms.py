"""Transforms of a raw cosine into the value that a threshold is applied to. All keep the order of scores."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pacl_core.artefacts.npy_file import release
from pacl_core.partition.ranks import ranks
from pacl_core.partition.scores import ScoreColumn, Scores


@dataclass(frozen=True)
class Transform:
    """`block(scores, start)`: values [B] of the column's rows from `start` on; `one(score)`: of one score."""

    block: Callable[[Scores, int], Scores]
    one: Callable[[float], float]


def raw(column: ScoreColumn) -> Transform:
    """The cosine as it is."""
    return _of_scores(lambda scores: scores)


def clipscore(column: ScoreColumn) -> Transform:
    """`2.5 * max(cos, 0)` (CLIPScore, Hessel et al. 2021); 0.7 is then cosine 0.28."""
    return _of_scores(lambda scores: (np.float32(2.5) * np.maximum(scores, np.float32(0))).astype(np.float32))


def minmax(column: ScoreColumn) -> Transform:
    """The 1st to 99th percentile as [0, 1], clipped; a constant score becomes 0."""
    low, high = column.percentile(1), column.percentile(99)
    if not high > low:
        return _of_scores(lambda scores: np.where(np.isnan(scores), scores, np.float32(0)))
    return _of_scores(lambda scores: np.clip((scores - low) / (high - low), 0, 1).astype(np.float32))


def rank(column: ScoreColumn) -> Transform:
    """The share of known scores that are not higher, in (0, 1]; ties share the mean of their ranks."""
    ranked = ranks(column)

    def block(scores: Scores, start: int) -> Scores:
        values: Scores = (ranked[start : start + len(scores)] / column.known).astype(np.float32)
        release(ranked)
        return values

    def one(score: float) -> float:
        lower, equal = column.counts_around(score)
        return float(np.float32((lower + (equal + 1) / 2) / column.known))

    return Transform(block, one)


def _of_scores(values: Callable[[Scores], Scores]) -> Transform:
    def one(score: float) -> float:
        return float(values(np.array([score], np.float32))[0])

    return Transform(lambda scores, start: values(scores), one)


TRANSFORMS: dict[str, Callable[[ScoreColumn], Transform]] = {
    "raw": raw,
    "clipscore": clipscore,
    "minmax": minmax,
    "rank": rank,
}
