"""The figures of a task, by its kind.

A figure is a number, or the reason (a text) why there is none; a NaN never leaves this room. Each kind's
file has `measure` (the figures) and `resampled` (the same figures on many resamples at once).
"""

import importlib
from types import ModuleType
from typing import Any

from numpy.typing import NDArray

from pacl_core.errors import unknown
from pacl_core.evaluation.tasks import Task

Figure = float | str

_KINDS = ("distribution", "regression", "single_label")

# the one figure of a kind that `dvc metrics` shows
HEADLINE = {"distribution": "kl", "regression": "r2", "single_label": "accuracy"}


def measure(task: Task, target: NDArray[Any], prediction: NDArray[Any]) -> dict[str, Figure]:
    """Figures of one head. `target` [N, T], `prediction` [N, C] as `tasks.Task` describes them."""
    figures: dict[str, Figure] = _of(task.kind).measure(target, prediction, task.columns)
    return figures


def resampled(
    task: Task, target: NDArray[Any], prediction: NDArray[Any], counts: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    """The same figures where item n is taken `counts[r, n]` times: name -> [R], NaN where undefined."""
    values: dict[str, NDArray[Any]] = _of(task.kind).resampled(target, prediction, task.columns, counts)
    return values


def _of(kind: str) -> ModuleType:
    if kind not in _KINDS:
        raise unknown("task kind", kind, _KINDS)
    return importlib.import_module(f"pacl_core.evaluation.metrics.{kind}")
