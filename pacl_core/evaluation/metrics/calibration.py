"""Calibration of a classifier: do its probabilities say how often it is right?

ECE as Guo et al. (2017): 15 bins of equal width over the probability of the chosen class, each (low, high].
A mean of absolute values grows with noise, and a resample has the noise of the sample twice: if ECE is small,
its bootstrap interval may lie above the value itself (of few items BCa takes that out again, and the value is
near the interval's upper end). Differences of two variants are not affected.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pacl_core.evaluation.metrics.item_sums import membership

Array = NDArray[Any]

BINS = 15
_EDGES = np.arange(BINS + 1) / BINS


def expected_error(truth: Array, probabilities: Array) -> float:
    """ECE: sum over bins of (share of items) x |accuracy - mean confidence|. [N] and [N, C]."""
    return float(np.abs(bin_gaps(truth, probabilities).sum(axis=1)).sum() / len(truth))


def bin_gaps(truth: Array, probabilities: Array) -> csr_array:
    """[15, N]: in its bin, an item adds (1 if right else 0) - confidence.

    ECE is the sum over bins of |sum| / N: equation 3 of Guo et al., where a bin's own count cancels.
    """
    right, confidence = _outcomes(truth, probabilities)
    return membership(_bins(confidence), BINS, right - confidence)


def squared_error(truth: Array, probabilities: Array) -> Array:
    """[N]: the sum over classes of squared differences to the one-hot truth."""
    at_truth = probabilities[np.arange(len(truth)), truth]
    return np.asarray((probabilities**2).sum(axis=1) - at_truth**2 + (1 - at_truth) ** 2)


def reliability(truth: Array, probabilities: Array) -> list[dict[str, float | None]]:
    """The 15 bins over all seeds' predictions [S, N, C]: share of them, mean confidence, accuracy."""
    seeds = len(probabilities)
    right, confidence = _outcomes(np.tile(truth, seeds), probabilities.reshape(-1, probabilities.shape[-1]))
    inside = _bins(confidence)
    table: list[dict[str, float | None]] = []
    for b in range(BINS):
        here = inside == b
        some = bool(here.any())
        table.append(
            {
                "low": float(_EDGES[b]),
                "high": float(_EDGES[b + 1]),
                "share": float(here.mean()),
                "confidence": float(confidence[here].mean()) if some else None,
                "accuracy": float(right[here].mean()) if some else None,
            }
        )
    return table


def _outcomes(truth: Array, probabilities: Array) -> tuple[Array, Array]:
    return (probabilities.argmax(axis=1) == truth).astype(np.float64), probabilities.max(axis=1)


def _bins(confidence: Array) -> Array:
    return np.searchsorted(_EDGES[1:-1], confidence, side="left")
