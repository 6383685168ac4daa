"""Which pairs are matched by one score: transform, threshold, decide."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pacl_core.params.data import ThresholdParams
from pacl_core.partition.transforms import TRANSFORMS, Scores


@dataclass(frozen=True)
class Matching:
    """`values` [N] float32 (NaN where the score is unknown), `matched` [N] bool, the `threshold` applied."""

    values: Scores
    matched: NDArray[np.bool_]
    threshold: float


def match(scores: Scores, params: ThresholdParams) -> Matching:
    """Matched where the transformed score > threshold, strictly (paper 3.1); an unknown score never is.

    With a target share the threshold is the quantile that leaves that share above it. Ties at the
    quantile are unmatched, so the share reached may be below the one asked.
    """
    values = TRANSFORMS[params.transform](scores)
    if params.threshold is not None:
        threshold = params.threshold
    else:
        assert params.share is not None  # ThresholdParams holds exactly one of the two
        threshold = share_threshold(values, params.share)
    # compared in float32: 0.7 in a file and 0.7 computed must be the same number
    return Matching(values, values > np.float32(threshold), threshold)


def share_threshold(values: Scores, share: float) -> float:
    """The value that at most `share` of all rows lie strictly above, unknown ones counted as below."""
    known = np.sort(values[~np.isnan(values)])
    wanted = min(round(share * len(values)), len(known))
    if wanted == 0:
        return float(known[-1]) if len(known) else 0.0
    if wanted == len(known):
        return float(np.nextafter(known[0], np.float32(-np.inf)))
    return float(known[len(known) - wanted - 1])
