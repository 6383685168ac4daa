"""Single label: accuracy, weighted F1, macro F1.

Macro F1 is over the classes that occur among targets or predictions, as in scikit-learn.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score

Array = NDArray[Any]


def measure(target: Array, prediction: Array, columns: Sequence[str]) -> dict[str, float | str]:
    """`target` [N, 1] class indices, `prediction` [N, C] class probabilities."""
    truth, chosen = target[:, 0].astype(int), prediction.argmax(axis=1)
    return {
        "accuracy": float(accuracy_score(truth, chosen)),
        "f1_weighted": float(f1_score(truth, chosen, average="weighted", zero_division=0)),
        "f1_macro": float(f1_score(truth, chosen, average="macro", zero_division=0)),
    }


def resampled(target: Array, prediction: Array, columns: Sequence[str], counts: Array) -> dict[str, Array]:
    """The same by class counts, because scikit-learn would take a call per resample. `counts` [R, N]."""
    classes = np.arange(prediction.shape[1])
    truth_NC = (target[:, :1] == classes).astype(np.float64)
    chosen_NC = (prediction.argmax(axis=1)[:, None] == classes).astype(np.float64)
    hits_RC = counts @ (truth_NC * chosen_NC)
    support_RC = counts @ truth_NC
    both_RC = support_RC + counts @ chosen_NC
    f1_RC = np.divide(2 * hits_RC, both_RC, out=np.zeros_like(both_RC), where=both_RC > 0)
    total_R = counts.sum(axis=1)
    return {
        "accuracy": hits_RC.sum(axis=1) / total_R,
        "f1_weighted": (f1_RC * support_RC).sum(axis=1) / total_R,
        "f1_macro": f1_RC.sum(axis=1) / (both_RC > 0).sum(axis=1),
    }
