"""Columns of scores that a test has in memory."""

import numpy as np

from pacl_core.methods.pacl.partition.scores import ScoreColumn


def column(values: np.ndarray | list[float], size: int = 7) -> ScoreColumn:
    """The values as a column that is read in blocks of `size`."""
    scores = np.asarray(values, np.float32)
    return ScoreColumn(lambda: (scores[at : at + size] for at in range(0, len(scores), size)))
