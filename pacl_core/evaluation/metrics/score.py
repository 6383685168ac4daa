"""Scores in a unit of their own, of zero-shot ratings: Pearson's r and Spearman's rank correlation.

Names as of a regression: `pearson` and `spearman`, and per column where there are several. A score that says
nothing of the target has 0 in both.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics.item_sums import Resampler
from pacl_core.evaluation.metrics.regression import mean_of_columns, pearson, standardised

Array = NDArray[Any]
_CONSTANT = "the target is constant"


def measure(task: Task, target: Array, prediction: Array) -> dict[str, float | str]:
    """`target` and `prediction` [N, K]; no value where either is constant. Ties have their mean rank."""
    by_name: dict[str, list[float | str]] = {"pearson": [], "spearman": []}
    for t, p in zip(target.T, prediction.T, strict=True):
        flat = np.ptp(t) == 0
        by_name["pearson"].append(_CONSTANT if flat else pearson(t, p))
        by_name["spearman"].append(_CONSTANT if flat else pearson(rankdata(t), rankdata(p)))
    values: dict[str, float | str] = {}
    for name, per_column in by_name.items():
        values[name] = mean_of_columns(per_column, task.columns)
        if len(per_column) > 1:
            values |= {f"{name}_{column}": one for column, one in zip(task.columns, per_column, strict=True)}
    return values


def resampler(task: Task, target: Array, prediction: Array) -> Resampler:
    """The same where items are taken several times; ranks are those among the items taken."""
    columns = list(zip(standardised(target).T, standardised(prediction).T, strict=True))
    ranked = [(_Ranks(t), _Ranks(p)) for t, p in zip(target.T, prediction.T, strict=True)]

    def values_of(counts: Array) -> dict[str, Array]:
        by_name = {
            "pearson": [_correlation(counts, t, p) for t, p in columns],
            "spearman": [_correlation(counts, t.among(counts), p.among(counts)) for t, p in ranked],
        }
        values = {name: np.mean(per_column, axis=0) for name, per_column in by_name.items()}
        if len(task.columns) > 1:
            for name, per_column in by_name.items():
                named = zip(task.columns, per_column, strict=True)
                values |= {f"{name}_{column}": value for column, value in named}
        return values

    return values_of


def details(task: Task, target: Array, predictions: Array) -> dict[str, Any]:
    """Empty: the metrics per column say it all."""
    return {}


class _Ranks:
    """Mean ranks of values [N] among the items of a resample; sorted once for all resamples."""

    def __init__(self, values: Array) -> None:
        self._order = np.argsort(values, kind="stable")
        _, self._starts, self._group = np.unique(values, return_index=True, return_inverse=True)
        self._starts = np.searchsorted(values[self._order], values[self._starts])

    def among(self, counts: Array) -> Array:
        """[R, N] for `counts` [R, N]; that of an item that is not taken is of no use."""
        taken_RU = np.add.reduceat(counts[:, self._order], self._starts, axis=1)
        ranks_RU = np.cumsum(taken_RU, axis=1) - taken_RU + (taken_RU + 1) / 2
        ranks: Array = ranks_RU[:, self._group]
        return ranks


def _correlation(counts: Array, t: Array, p: Array) -> Array:
    """Pearson's r [R] of values [N] or [R, N], each as often as in `counts`; NaN where one is constant."""
    weights = counts / counts.sum(axis=1, keepdims=True)
    t, p = (x - (weights * x).sum(axis=1, keepdims=True) for x in (t, p))
    var_t, var_p = ((weights * x**2).sum(axis=1) for x in (t, p))
    defined = np.where((var_t > 1e-12) & (var_p > 1e-12), var_t * var_p, np.nan)
    correlation: Array = (weights * t * p).sum(axis=1) / np.sqrt(defined)
    return correlation
