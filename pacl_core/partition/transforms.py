"""Transforms of a raw cosine into the value that a threshold is applied to."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Scores = NDArray[np.float32]


def raw(scores: Scores) -> Scores:
    """The cosine as it is."""
    return scores


def clipscore(scores: Scores) -> Scores:
    """`2.5 * max(cos, 0)` (CLIPScore, Hessel et al. 2021); 0.7 is then cosine 0.28."""
    return (np.float32(2.5) * np.maximum(scores, np.float32(0))).astype(np.float32)


def minmax(scores: Scores) -> Scores:
    """The 1st to 99th percentile as [0, 1], clipped; a constant score becomes 0."""
    known = scores[~np.isnan(scores)]
    if len(known) == 0:
        return scores
    low, high = np.percentile(known, [1, 99])
    if high <= low:
        return np.where(np.isnan(scores), scores, np.float32(0)).astype(np.float32)
    scaled: Scores = np.clip((scores - low) / (high - low), 0, 1).astype(np.float32)
    return scaled


def rank(scores: Scores) -> Scores:
    """The share of known scores that are not higher, in (0, 1]; ties share the mean of their ranks."""
    known = ~np.isnan(scores)
    ranked = np.full(len(scores), np.nan, np.float32)
    ranked[known] = rankdata(scores[known]) / max(1, int(known.sum()))
    return ranked


TRANSFORMS: dict[str, Callable[[Scores], Scores]] = {
    "raw": raw,
    "clipscore": clipscore,
    "minmax": minmax,
    "rank": rank,
}
