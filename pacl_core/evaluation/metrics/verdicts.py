"""What a difference says in a word, and how few test items say nothing.

Below `MIN_ITEMS` there is no verdict: on 12 items the interval of a difference in R2 excluded zero where
cross-validation over all 120 items showed the opposite. Metrics that average over classes give a class of few
items the weight of any other; they need `MIN_PER_CLASS` in each, the usual rule for the normal
approximation of a share (n p >= 10). An accuracy needs as many items outside the most frequent class.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pacl_core.datasets.tasks import Task

MIN_ITEMS = 50
MIN_PER_CLASS = 10
TOO_FEW = "too_few"

_LOWER = ("brier", "canberra", "chebyshev", "clark", "ece", "hamming", "kl", "mse_x100", "ranking_loss")
_OVER_CLASSES = ("auc", "f1_macro", "map")
_OF_CLASSES = ("accuracy", "f1_micro", "f1_weighted")


class Items(NamedTuple):
    """`total` test items; of the classes that have any, the items in the smallest and outside the largest.

    Both are None for a task without classes.
    """

    total: int
    smallest_class: int | None = None
    outside_largest: int | None = None

    def too_few(self, metric: str) -> str | None:
        """Why they are too few for a verdict on the metric; None where they are enough."""
        few = None
        if self.total < MIN_ITEMS:
            few = f"too few test items ({self.total})"
        elif _starts(metric, _OVER_CLASSES) and _few(self.smallest_class):
            few = f"too few test items in a class ({self.smallest_class})"
        elif _starts(metric, _OF_CLASSES) and _few(self.outside_largest):
            few = f"too few test items outside the most frequent class ({self.outside_largest})"
        return few and f"{few} to tell"


def items_of(task: Task, target: NDArray[Any]) -> Items:
    """The counts of a test split, `target` [N, T]; of a hierarchical task, those of its finest level."""
    total = len(target)
    if task.kind == "multi_label":
        positives = target.sum(axis=0)
        given = positives[positives > 0]
        return Items(total, int(given.min()) if len(given) else 0)
    if task.kind in ("single_label", "hierarchical"):
        counts = np.unique(target[:, -1], return_counts=True)[1]
        return Items(total, int(counts.min()), total - int(counts.max()))
    return Items(total)


def lower_is_better(metric: str) -> bool:
    """`metric` may have the name of a column or level at its end."""
    return _starts(metric, _LOWER)


def with_verdict(metric: str, change: Mapping[str, Any], items: Items) -> dict[str, Any]:
    """`change` {value, low, high} with its `verdict`: better, worse, unclear, too_few, or undefined.

    An interval that includes zero shows no change in either direction; too few items have a `reason`.
    """
    low, high = change["low"], change["high"]
    if (reason := items.too_few(metric)) is not None:
        return {**change, "verdict": TOO_FEW, "reason": reason}
    if low is None or high is None:
        word = "undefined"
    elif low <= 0 <= high:
        word = "unclear"
    else:
        word = "better" if (low > 0) != lower_is_better(metric) else "worse"
    return {**change, "verdict": word}


def _few(items: int | None) -> bool:
    return items is not None and items < MIN_PER_CLASS


def _starts(metric: str, names: tuple[str, ...]) -> bool:
    return any(metric == name or metric.startswith(f"{name}_") for name in names)
