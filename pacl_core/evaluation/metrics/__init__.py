"""The metrics of a task, by its kind.

The value of a metric is a number, or the reason (a text) why there is none; no function here returns a NaN
as a value. Each kind's file has `measure` (the metrics), `resampler` (the same metrics on many resamples at
once) and `details` (tables per class, confusion, calibration).

Targets and predictions that no metric is defined for are refused: they would give a number all the same.
"""

import importlib
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacl_core.datasets.tasks import Task
from pacl_core.errors import unknown
from pacl_core.evaluation.metrics.item_sums import Resampler

Value = float | str

_HEADLINES = {
    "distribution": "kl",
    "multi_label": "map",
    "regression": "r2",
    "score": "pearson",
    "single_label": "accuracy",
}
_KINDS = (*_HEADLINES, "hierarchical")

Array = NDArray[Any]

# rounding of a float16 softmax; the tolerance of `tasks.targets` for distributions
_SLACK = 1e-3


def headline(task: Task) -> str:
    """The metric of a task that `dvc metrics` shows; for a hierarchical task, its finest level's accuracy.

    Raises `UserError` for an unknown kind, as every function here does.
    """
    _of(task.kind)
    return _HEADLINES.get(task.kind) or f"accuracy_{task.levels[-1].name}"


def measure(task: Task, target: Array, prediction: Array) -> dict[str, Value]:
    """Metrics of one head. `target` [N, T], `prediction` [N, C] as `tasks.Task` describes them.

    Raises ValueError for NaN, infinity, wrong shapes, and invalid probabilities.
    """
    kind = _of(task.kind)
    values: dict[str, Value] = kind.measure(task, *checked(task, target, prediction))
    return values


def resampled(task: Task, target: Array, prediction: Array, *, counts: Array) -> dict[str, Array]:
    """The same metrics where item n is taken `counts[r, n]` times: name -> [R], NaN where undefined."""
    return resampler(task, target, prediction)(counts)


def resampler(task: Task, target: Array, prediction: Array) -> Resampler:
    """As `resampled`, as a function of the counts: what depends only on the items is computed once."""
    kind = _of(task.kind)
    prepared: Resampler = kind.resampler(task, *checked(task, target, prediction))
    return prepared


def details(task: Task, target: Array, predictions: Array) -> dict[str, Any]:
    """Tables behind the metrics, as JSON; `predictions` [S, N, C] of S seeds. Undefined entries are None."""
    kind = _of(task.kind)
    tables: dict[str, Any] = kind.details(task, *checked(task, target, predictions))
    return tables


def _of(kind: str) -> ModuleType:
    if kind not in _KINDS:
        raise unknown("task kind", kind, _KINDS)
    return importlib.import_module(f"pacl_core.evaluation.metrics.{kind}")


def checked(task: Task, target: Array, prediction: Array) -> tuple[Array, Array]:
    """Both in float64. `target` [N, T], `prediction` [..., N, C]. Raises ValueError, naming the task."""
    t, p = np.asarray(target, np.float64), np.asarray(prediction, np.float64)
    if t.ndim != 2 or p.ndim < 2 or t.size == 0 or p.size == 0 or len(t) != p.shape[-2]:
        raise _refusal(task, f"target {t.shape} and prediction {p.shape} are not [N, T] and [.., N, C]")
    if t.shape[1] != len(task.columns) or p.shape[-1] != task.outputs:
        widths = f"{t.shape[1]} and {p.shape[-1]} columns, not {len(task.columns)} and {task.outputs}"
        raise _refusal(task, f"target and prediction have {widths}")
    for what, values in (("targets", t), ("predictions", p)):
        if not np.isfinite(values).all():
            raise _refusal(task, f"{int((~np.isfinite(values)).sum())} {what} are NaN or infinite")
    if task.kind == "multi_label" and not np.isin(t, (0, 1)).all():
        raise _refusal(task, "targets are not 0 or 1")
    if task.kind not in ("regression", "score") and ((p < 0) | (p > 1 + _SLACK)).any():
        raise _refusal(task, "predictions are not probabilities: outside [0, 1]")
    for outputs in _softmaxes(task):
        if (np.abs(p[..., outputs].sum(axis=-1) - 1) > _SLACK).any():
            raise _refusal(task, "predictions are not probabilities: they do not sum to 1")
    for column, outputs in enumerate(_softmaxes(task) if task.kind != "distribution" else ()):
        if not np.isin(t[:, column], np.arange(outputs.stop - outputs.start)).all():
            raise _refusal(task, f"column '{task.columns[column]}' has targets that are no class index")
    return t, p


def _softmaxes(task: Task) -> tuple[slice, ...]:
    """The outputs that sum to 1: one slice, or one per level."""
    if task.kind in ("single_label", "distribution"):
        return (slice(0, task.outputs),)
    return task.level_slices


def _refusal(task: Task, what: str) -> ValueError:
    return ValueError(f"task '{task.name}': {what}")
