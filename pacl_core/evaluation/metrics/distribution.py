"""Label distribution: six measures of a target d against a prediction p (method of Geng 2016, Table 1).

Each takes `[N, C]` arrays and gives the mean over N. Terms with d + p = 0 are 0, and so is d log(d/p) if d =
0.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics.item_sums import Resampler, item_sums, ratio

Array = NDArray[Any]


def chebyshev(target: Array, prediction: Array) -> float:
    """Mean over N of max |d - p|; lower is better."""
    return _mean(_chebyshev, target, prediction)


def clark(target: Array, prediction: Array) -> float:
    """Mean over N of sqrt(sum (d - p)^2 / (d + p)^2); lower is better."""
    return _mean(_clark, target, prediction)


def canberra(target: Array, prediction: Array) -> float:
    """Mean over N of sum |d - p| / (d + p); lower is better."""
    return _mean(_canberra, target, prediction)


def kl(target: Array, prediction: Array) -> float:
    """Mean over N of sum d log(d / p), in nats; lower is better; infinite where p = 0 < d."""
    return _mean(_kl, target, prediction)


def cosine(target: Array, prediction: Array) -> float:
    """Mean over N of d . p / (|d| |p|); higher is better. 0 for a row of zeros."""
    return _mean(_cosine, target, prediction)


def intersection(target: Array, prediction: Array) -> float:
    """Mean over N of sum min(d, p); higher is better."""
    return _mean(_intersection, target, prediction)


def measure(task: Task, target: Array, prediction: Array) -> dict[str, float | str]:
    """All six; an infinite KL becomes its reason."""
    values: dict[str, float | str] = {}
    for name, per_item in _MEASURES.items():
        value = _mean(per_item, target, prediction)
        values[name] = value if np.isfinite(value) else "a predicted share is 0 where the target's is not"
    return values


def resampler(task: Task, target: Array, prediction: Array) -> Resampler:
    """Means over the items taken; undefined only where an item with an infinite KL is among them."""
    d, p = _checked(target, prediction)
    per_item_MN = np.stack([per_item(d, p) for per_item in _MEASURES.values()])
    infinite = ~np.isfinite(per_item_MN)
    rows = csr_array(np.vstack([np.ones(len(d)), np.where(infinite, 0, per_item_MN), infinite.astype(float)]))

    def values_of(counts: Array) -> dict[str, Array]:
        total_1R, sums, undefined = np.split(item_sums(rows, counts), [1, 1 + len(per_item_MN)])
        means = ratio(np.where(undefined > 0, np.nan, sums), total_1R)
        return dict(zip(_MEASURES, means, strict=True))

    return values_of


def details(task: Task, target: Array, predictions: Array) -> dict[str, Any]:
    """Empty: the metrics say it all."""
    return {}


def _mean(per_item: Callable[[Array, Array], Array], target: Array, prediction: Array) -> float:
    return float(per_item(*_checked(target, prediction)).mean())


def _checked(target: Array, prediction: Array) -> tuple[Array, Array]:
    d, p = np.asarray(target, np.float64), np.asarray(prediction, np.float64)
    if d.ndim != 2 or d.shape != p.shape or d.size == 0:
        raise ValueError(f"expected two [N, C] arrays of one shape, got {d.shape} and {p.shape}")
    if not (np.isfinite(d).all() and np.isfinite(p).all()) or (d < 0).any() or (p < 0).any():
        raise ValueError("distributions must be finite and not negative")
    return d, p


def _chebyshev(d: Array, p: Array) -> Array:
    return np.asarray(np.abs(d - p).max(axis=1))


def _clark(d: Array, p: Array) -> Array:
    return np.asarray(np.sqrt((ratio(np.abs(d - p), d + p, undefined=0.0) ** 2).sum(axis=1)))


def _canberra(d: Array, p: Array) -> Array:
    return np.asarray(ratio(np.abs(d - p), d + p, undefined=0.0).sum(axis=1))


def _kl(d: Array, p: Array) -> Array:
    with np.errstate(divide="ignore"):
        log_ratio = np.log(d, out=np.zeros_like(d), where=d > 0) - np.where(d > 0, np.log(p), 0.0)
    return np.asarray((d * log_ratio).sum(axis=1))


def _cosine(d: Array, p: Array) -> Array:
    lengths = np.linalg.norm(d, axis=1) * np.linalg.norm(p, axis=1)
    return ratio((d * p).sum(axis=1), lengths, undefined=0.0)


def _intersection(d: Array, p: Array) -> Array:
    return np.asarray(np.minimum(d, p).sum(axis=1))


_MEASURES: dict[str, Callable[[Array, Array], Array]] = {
    "chebyshev": _chebyshev,
    "clark": _clark,
    "canberra": _canberra,
    "kl": _kl,
    "cosine": _cosine,
    "intersection": _intersection,
}
