"""Average precision and ROC AUC of one class on many resamples, ties handled exactly.

Both follow from the number of items, and of positives, at or above each score that a positive has; the
negatives between two of these scores are counted together. Letters: K runs, N items, R resamples.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pacl_core.evaluation.metrics.item_sums import item_sums, ratio

Array = NDArray[Any]


@dataclass(frozen=True)
class Ranking:
    """Runs from the highest score down, each a sparse row of a [K, N] matrix.

    `items`: those below the last positive score, down to the next one; `tied`: those at that score;
    `positives`: the positives among these. The last run holds the negatives below every positive.
    """

    items: csr_array
    tied: csr_array
    positives: csr_array

    def ap_and_auc(self, counts: Array) -> tuple[Array, Array]:
        """[R] each, NaN where undefined. `counts` [R, N].

        AP is the sum over scores of (recall gained) x precision. AUC is Mann-Whitney's share of (positive,
        negative) pairs in the right order, a tie as one half, by the sum of the positives' mid-ranks.
        """
        above_KR = item_sums(self.items, counts).cumsum(axis=0)
        hits_KR, tied_KR = item_sums(self.positives, counts), item_sums(self.tied, counts)
        total, positives = above_KR[-1].copy(), hits_KR.sum(axis=0)
        # from the top: of the items at or above a score, half of those at it
        ranks = _dot(hits_KR, above_KR) - _dot(hits_KR, tied_KR) / 2
        ordered = positives * (total - positives / 2) - ranks
        # a run that no item is taken from has no hits either
        precision_KR = hits_KR.cumsum(axis=0)
        precision_KR /= np.maximum(above_KR, 1, out=above_KR)
        ap = ratio(_dot(hits_KR, precision_KR), positives)
        return ap, ratio(ordered, positives * (total - positives))


def ranking_of(positive: Array, score: Array) -> Ranking:
    """`positive` [N] bool, `score` [N]."""
    order = np.argsort(-score, kind="stable")
    fallen = np.diff(score[order], prepend=score[order[0]]) != 0
    tie = np.cumsum(fallen)
    decisive = np.bincount(tie, weights=positive[order]) > 0
    run: Array = (np.cumsum(decisive) - decisive)[tie]
    runs = int(decisive.sum()) + 1

    def rows(kept: Array) -> csr_array:
        starts = np.searchsorted(run[kept], np.arange(runs + 1))
        return csr_array((np.ones(int(kept.sum())), order[kept], starts), shape=(runs, len(order)))

    return Ranking(rows(np.ones(len(order), bool)), rows(decisive[tie]), rows(positive[order]))


def _dot(left_KR: Array, right_KR: Array) -> Array:
    return np.asarray(np.einsum("kr,kr->r", left_KR, right_KR))
