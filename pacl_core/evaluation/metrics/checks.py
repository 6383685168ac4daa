"""What a metric may be computed from. Anything else is refused: it would give a number all the same."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacl_core.datasets.tasks import Task

Array = NDArray[Any]

# rounding of a float16 softmax; the tolerance of `tasks.targets` for distributions
_SLACK = 1e-3


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
    if task.kind != "regression" and ((p < 0) | (p > 1 + _SLACK)).any():
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
