"""Regression: MSE x 100, R2 and Pearson's r per dimension, and their means over dimensions.

Names: `mse_x100`, `r2`, `pearson` for the means; `r2_arousal` and so on where there are several dimensions.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import mean_squared_error, r2_score

Array = NDArray[Any]
_CONSTANT = "the target is constant"
_CONSTANT_PREDICTION = "the prediction is constant"


def measure(target: Array, prediction: Array, columns: Sequence[str]) -> dict[str, float | str]:
    """`target` and `prediction` [N, K]; R2 and r have no value for a constant dimension."""
    t, p = target.astype(np.float64), prediction.astype(np.float64)
    by_name: dict[str, list[float | str]] = {"mse_x100": [], "r2": [], "pearson": []}
    for k in range(t.shape[1]):
        flat = np.ptp(t[:, k]) == 0
        still = np.ptp(p[:, k]) == 0
        by_name["mse_x100"].append(100 * float(mean_squared_error(t[:, k], p[:, k])))
        by_name["r2"].append(_CONSTANT if flat else float(r2_score(t[:, k], p[:, k])))
        reason = _CONSTANT if flat else _CONSTANT_PREDICTION
        by_name["pearson"].append(reason if flat or still else float(np.corrcoef(t[:, k], p[:, k])[0, 1]))
    figures: dict[str, float | str] = {}
    for name, values in by_name.items():
        figures[name] = _mean(values, columns)
        if len(columns) > 1:
            figures |= {f"{name}_{column}": value for column, value in zip(columns, values, strict=True)}
    return figures


def resampled(target: Array, prediction: Array, columns: Sequence[str], counts: Array) -> dict[str, Array]:
    """The same from weighted moments, all resamples in one product. `counts` [R, N]."""
    t, p = target.astype(np.float64), prediction.astype(np.float64)
    # moments about the sample's mean lose no digits to cancellation
    t, p = t - t.mean(axis=0), p - t.mean(axis=0)
    weights = counts / counts.sum(axis=1, keepdims=True)
    mse = weights @ (t - p) ** 2
    mean_t, mean_p = weights @ t, weights @ p
    var_t = _positive(weights @ t**2 - mean_t**2)
    var_p = _positive(weights @ p**2 - mean_p**2)
    covariance = weights @ (t * p) - mean_t * mean_p
    by_name = {"mse_x100": 100 * mse, "r2": 1 - mse / var_t, "pearson": covariance / np.sqrt(var_t * var_p)}
    values = {name: value.mean(axis=1) for name, value in by_name.items()}
    if len(columns) > 1:
        for name, value in by_name.items():
            values |= {f"{name}_{column}": value[:, k] for k, column in enumerate(columns)}
    return values


def _mean(values: list[float | str], columns: Sequence[str]) -> float | str:
    for column, value in zip(columns, values, strict=True):
        if isinstance(value, str):
            return f"{column}: {value}"
    return float(np.mean([value for value in values if not isinstance(value, str)]))


def _positive(variance: Array) -> Array:
    """NaN for the variance of a constant, which rounding leaves near 0."""
    return np.where(variance > 1e-12, variance, np.nan)
