"""Which pairs are matched by one score: transform, threshold, decide."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pacl_core.params.data import ThresholdParams
from pacl_core.partition.scores import ScoreColumn, Scores
from pacl_core.partition.transforms import TRANSFORMS, Transform


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

    With a target share the threshold is the quantile that leaves that share above it. Ties at the
    quantile are unmatched, so the share reached may be below the one asked.
    """
    transform = TRANSFORMS[params.transform](column)
    if params.threshold is not None:
        return Matcher(transform, params.threshold)
    assert params.share is not None  # ThresholdParams holds exactly one of the two
    return Matcher(transform, _share_threshold(column, transform, params.share))


def _share_threshold(column: ScoreColumn, transform: Transform, share: float) -> float:
    """The value that at most `share` of all rows lie strictly above, unknown ones counted as below."""
    wanted = min(round(share * column.rows), column.known)
    if not column.known:
        return 0.0
    (score,) = column.order_statistics([max(column.known - wanted - 1, 0)])
    value = transform.one(score)
    return value if wanted < column.known else float(np.nextafter(np.float32(value), np.float32(-np.inf)))
