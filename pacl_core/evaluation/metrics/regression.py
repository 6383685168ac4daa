"""Regression: MSE x 100, R2 and Pearson's r per dimension, and their means over dimensions.

Names: `mse_x100`, `r2`, `pearson` for the means; `r2_arousal` and so on where there are several dimensions.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import mean_squared_error, r2_score

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics.item_sums import Resampler, ratio

Array = NDArray[Any]
_CONSTANT = "the target is constant"
_CONSTANT_PREDICTION = "the prediction is constant"


def measure(task: Task, target: Array, prediction: Array) -> dict[str, float | str]:
    """`target` and `prediction` [N, K]; R2 and r have no value for a constant dimension."""
    by_name: dict[str, list[float | str]] = {"mse_x100": [], "r2": [], "pearson": []}
    for t, p in zip(target.T, prediction.T, strict=True):
        flat = np.ptp(t) == 0
        by_name["mse_x100"].append(100 * float(mean_squared_error(t, p)))
        by_name["r2"].append(_CONSTANT if flat else float(r2_score(t, p)))
        by_name["pearson"].append(_CONSTANT if flat else pearson(t, p))
    values: dict[str, float | str] = {}
    for name, per_column in by_name.items():
        values[name] = mean_of_columns(per_column, task.columns)
        if len(per_column) > 1:
            named = zip(task.columns, per_column, strict=True)
            values |= {f"{name}_{column}": value for column, value in named}
    return values


def resampler(task: Task, target: Array, prediction: Array) -> Resampler:
    """The same from weighted moments, all resamples in one product."""
    squared = (target - prediction) ** 2
    # standardised, so that an offset costs no digits of the moments
    t, p = standardised(target), standardised(prediction)
    scale = target.var(axis=0)

    def values_of(counts: Array) -> dict[str, Array]:
        weights = ratio(counts, counts.sum(axis=1, keepdims=True))
        mse = weights @ squared
        mean_t, mean_p = weights @ t, weights @ p
        var_t, var_p = (_positive(weights @ x**2 - mean**2) for x, mean in ((t, mean_t), (p, mean_p)))
        covariance = weights @ (t * p) - mean_t * mean_p
        by_name = {
            "mse_x100": 100 * mse,
            "r2": 1 - ratio(mse, var_t * scale),
            "pearson": covariance / np.sqrt(var_t * var_p),
        }
        values = {name: value.mean(axis=1) for name, value in by_name.items()}
        if len(task.columns) > 1:
            for name, value in by_name.items():
                values |= {f"{name}_{column}": value[:, k] for k, column in enumerate(task.columns)}
        return values

    return values_of


def details(task: Task, target: Array, predictions: Array) -> dict[str, Any]:
    """Empty: the metrics per dimension say it all."""
    return {}


def pearson(t: Array, p: Array) -> float | str:
    """Pearson's r of values [N], or why it has none."""
    if np.ptp(p) == 0:
        return _CONSTANT_PREDICTION
    r = float(np.corrcoef(t, p)[0, 1])
    return r if np.isfinite(r) else _CONSTANT_PREDICTION  # if the spread underflows


def mean_of_columns(values: list[float | str], columns: tuple[str, ...]) -> float | str:
    """Their mean, or why a column has none."""
    for column, value in zip(columns, values, strict=True):
        if isinstance(value, str):
            return f"{column}: {value}"
    return float(np.mean([value for value in values if not isinstance(value, str)]))


def standardised(values: Array) -> Array:
    """Mean 0 and variance 1 per column; a constant column is all 0."""
    centred = values - values.mean(axis=0)
    spread = np.where(np.ptp(values, axis=0) > 0, values.std(axis=0), 0)
    return ratio(centred, np.broadcast_to(spread, centred.shape), undefined=0.0)


def _positive(variance: Array) -> Array:
    """NaN for the variance of a constant, which rounding leaves near 0."""
    return np.where(variance > 1e-12, variance, np.nan)
