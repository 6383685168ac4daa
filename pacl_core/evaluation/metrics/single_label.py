"""Single label: accuracy, weighted and macro F1, and calibration by ECE and Brier score.

Macro F1 is over the classes that occur among targets or predictions, as in scikit-learn. Brier is the
multi-class form of Brier (1950): the mean over items of the sum over classes of squared differences,
0 to 2 (twice the binary form with two classes).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics import calibration
from pacl_core.evaluation.metrics.item_sums import Resampler, item_sums, membership, ratio

Array = NDArray[Any]


def measure(task: Task, target: Array, prediction: Array) -> dict[str, float | str]:
    """`target` [N, 1] class indices, `prediction` [N, C] class probabilities."""
    truth, chosen = target[:, 0].astype(int), prediction.argmax(axis=1)
    return {
        "accuracy": float(accuracy_score(truth, chosen)),
        "f1_weighted": float(f1_score(truth, chosen, average="weighted", zero_division=0)),
        "f1_macro": float(f1_score(truth, chosen, average="macro", zero_division=0)),
        "ece": calibration.expected_error(truth, prediction),
        "brier": float(calibration.squared_error(truth, prediction).mean()),
    }


def resampler(task: Task, target: Array, prediction: Array) -> Resampler:
    """The same by sums per cell of the confusion matrix and per bin: scikit-learn would take a call each."""
    truth, chosen = target[:, 0].astype(int), prediction.argmax(axis=1)
    classes = prediction.shape[1]
    # the cells that occur, so that an item is read once for all three sums per class
    cells, cell = np.unique(truth * classes + chosen, return_inverse=True)
    cell_truth, cell_chosen = np.divmod(cells, classes)
    per_class = vstack(
        [
            membership(cell_truth, classes),
            membership(cell_chosen, classes),
            membership(cell_truth, classes, (cell_truth == cell_chosen).astype(float)),
        ],
        format="csr",
    )
    parts = (
        membership(cell, len(cells)),
        calibration.bin_gaps(truth, prediction),
        csr_array(calibration.squared_error(truth, prediction)[None]),
    )
    rows = vstack(parts, format="csr")

    def values_of(counts: Array) -> dict[str, Array]:
        cells_XR, gaps_BR, error_1R = np.split(item_sums(rows, counts), [len(cells), rows.shape[0] - 1])
        support_CR, picked_CR, hits_CR = np.split(per_class @ cells_XR, 3)
        total_R, both_CR = support_CR.sum(axis=0), support_CR + picked_CR
        f1_CR = ratio(2 * hits_CR, both_CR, undefined=0.0)
        return {
            "accuracy": ratio(hits_CR.sum(axis=0), total_R),
            "f1_weighted": ratio((f1_CR * support_CR).sum(axis=0), total_R),
            "f1_macro": ratio(f1_CR.sum(axis=0), (both_CR > 0).sum(axis=0)),
            "ece": ratio(np.abs(gaps_BR).sum(axis=0), total_R),
            "brier": ratio(error_1R[0], total_R),
        }

    return values_of


def details(task: Task, target: Array, predictions: Array) -> dict[str, Any]:
    """Per class and confusion (rows are the truth), means over seeds; reliability bins pooled over seeds.

    A class that a seed never chooses has precision 0 there, as in scikit-learn; a class without test items
    has None throughout and is listed in `absent_classes`.
    """
    truth, chosen_SN = target[:, 0].astype(int), predictions.argmax(axis=2)
    names = task.classes or tuple(str(index) for index in range(task.outputs))
    labels = np.arange(len(names))
    tables = [
        precision_recall_fscore_support(truth, chosen, labels=labels, zero_division=0)[:3]
        for chosen in chosen_SN
    ]
    means = dict(zip(("precision", "recall", "f1"), np.mean(tables, axis=0), strict=True))
    support = np.bincount(truth, minlength=len(names))
    confusion = np.mean([confusion_matrix(truth, chosen, labels=labels) for chosen in chosen_SN], axis=0)
    return {
        "per_class": [
            {"class": name, "support": int(support[c])}
            | {key: float(values[c]) if support[c] else None for key, values in means.items()}
            for c, name in enumerate(names)
        ],
        "confusion": confusion.tolist(),
        "reliability": calibration.reliability(truth, predictions),
        "absent_classes": [name for name, items in zip(names, support, strict=True) if items == 0],
    }
