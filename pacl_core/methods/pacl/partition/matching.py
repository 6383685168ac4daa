"""Which pairs match by a score (transform, then threshold), and which partition two matches make."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pacl_core.files.npy_file import release
from pacl_core.methods.pacl.params import ThresholdParams
from pacl_core.methods.pacl.partition.rank_values import rank_values
from pacl_core.methods.pacl.partition.scores import ScoreColumn, Scores
from pacl_core.methods.pacl.partitions import PARTITIONS


@dataclass(frozen=True)
class Transform:
    """`block(scores, start)`: values [B] of the column's rows from `start` on; `one(score)`: of one."""

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
    """The fraction of known scores that are not higher, in (0, 1]; ties have the mean of their ranks."""
    ranked = rank_values(column)

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


@dataclass(frozen=True)
class Matcher:
    """A transform, and the `threshold` on its values. Both are known before the first pair is matched."""

    transform: Transform
    threshold: float

    def __call__(self, scores: Scores, start: int) -> tuple[Scores, NDArray[np.bool_]]:
        """Values and matches of a block [B] of the column's rows from `start`.

        Matched where the value > threshold, strictly (paper 3.1); an unknown score never is.
        """
        values = self.transform.block(scores, start)
        # compared in float32: 0.7 in a file and 0.7 computed must be the same number
        return values, values > np.float32(self.threshold)


def matcher(column: ScoreColumn, params: ThresholdParams) -> Matcher:
    """The matcher of a column of scores.

    With a target share the threshold is the quantile that leaves that share above it. Ties at the quantile
    are unmatched, so the actual share may be smaller.
    """
    transform = TRANSFORMS[params.transform](column)
    if params.threshold is not None:
        return Matcher(transform, params.threshold)
    assert params.share is not None  # ThresholdParams holds exactly one of the two
    return Matcher(transform, _share_threshold(column, transform, params.share))


def _share_threshold(column: ScoreColumn, transform: Transform, share: float) -> float:
    """The value that at most `share` of all rows are strictly above; unknown scores are treated as below."""
    wanted = min(round(share * column.rows), column.known)
    if not column.known:
        return 0.0
    (score,) = column.order_statistics([max(column.known - wanted - 1, 0)])
    value = transform.one(score)
    return value if wanted < column.known else float(np.nextafter(np.float32(value), np.float32(-np.inf)))


# mode -> partition of (neither, factual only, emotional only, both). `partial_emotional` lacks the factual
# match, so the factual filter applies to it; in mode `factual` the unmatched go there, in `emotional` to
# `partial_factual`; `none` trusts every pair.
_OF_MATCHES = {
    "both": ("weak", "partial_factual", "partial_emotional", "strong"),
    "factual": ("partial_emotional", "strong", "partial_emotional", "strong"),
    "emotional": ("partial_factual", "partial_factual", "strong", "strong"),
    "none": ("strong",) * 4,
}


def partition_places(factual: NDArray[np.bool_], emotional: NDArray[np.bool_], mode: str) -> NDArray[np.intp]:
    """Place in `PARTITIONS` [B] of pairs with these matches, by mode. KeyError on an unknown mode."""
    places = np.array([PARTITIONS.index(name) for name in _OF_MATCHES[mode]], np.intp)
    found: NDArray[np.intp] = places[factual + 2 * emotional.astype(np.intp)]
    return found
