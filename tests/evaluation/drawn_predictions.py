"""Two tasks and predictions of them, drawn at random."""

import numpy as np

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.predictions import Predictions

VALENCE = Task("valence", "regression", ("valence",), scale=(1, 9))
POLARITY = Task("polarity", "single_label", ("polarity",), ("negative", "positive"))


def of_valence(items=300, seeds=3, constant=False):
    """Predictions that err by a tenth of the targets' spread."""
    rng = np.random.default_rng(0)
    target = np.full((items, 1), 0.5) if constant else rng.random((items, 1))
    prediction = target + rng.normal(scale=0.03, size=(seeds, items, 1))
    ids = [f"item{i}" for i in range(items)]
    return Predictions("valence", "test", ids, target.astype(np.float32), prediction)


def of_polarity(items=40):
    rng = np.random.default_rng(1)
    label = rng.integers(0, 2, (items, 1)).astype(np.float32)
    p = np.clip(0.1 + 0.8 * label + rng.normal(scale=0.1, size=(items, 1)), 0, 1)
    return Predictions(
        "polarity", "test", [f"item{i}" for i in range(items)], label, np.hstack([1 - p, p])[None]
    )
