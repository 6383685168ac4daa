"""The metrics of a task, by its kind.

The value of a metric is a number, or the reason (a text) why there is none; no function here returns a NaN
as a value. Each kind's file has `measure` (the metrics), `resampler` (the same metrics on many resamples at
once) and `details` (tables per class, confusion, calibration).
"""

import importlib
from types import ModuleType
from typing import Any

from numpy.typing import NDArray

from pacl_core.datasets.tasks import Task
from pacl_core.errors import unknown
from pacl_core.evaluation.metrics.checks import checked
from pacl_core.evaluation.metrics.item_sums import Resampler

Value = float | str

_HEADLINES = {"distribution": "kl", "multi_label": "map", "regression": "r2", "single_label": "accuracy"}
_KINDS = (*_HEADLINES, "hierarchical")


def headline(task: Task) -> str:
    """The metric of a task that `dvc metrics` shows; for a hierarchical task, its finest level's accuracy.

    Raises `UserError` for an unknown kind, as every function here does.
    """
    _of(task.kind)
    return _HEADLINES.get(task.kind) or f"accuracy_{task.levels[-1].name}"


def measure(task: Task, target: NDArray[Any], prediction: NDArray[Any]) -> dict[str, Value]:
    """Metrics of one head. `target` [N, T], `prediction` [N, C] as `tasks.Task` describes them.

    Raises ValueError for NaN, infinity, wrong shapes, and what should be probabilities and is not.
    """
    kind = _of(task.kind)
    values: dict[str, Value] = kind.measure(task, *checked(task, target, prediction))
    return values


def resampled(
    task: Task, target: NDArray[Any], prediction: NDArray[Any], *, counts: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    """The same metrics where item n is taken `counts[r, n]` times: name -> [R], NaN where undefined."""
    return resampler(task, target, prediction)(counts)


def resampler(task: Task, target: NDArray[Any], prediction: NDArray[Any]) -> Resampler:
    """`resampled` without its counts: prepares once what depends on the items alone."""
    kind = _of(task.kind)
    prepared: Resampler = kind.resampler(task, *checked(task, target, prediction))
    return prepared


def details(task: Task, target: NDArray[Any], predictions: NDArray[Any]) -> dict[str, Any]:
    """Tables behind the metrics, as JSON; `predictions` [S, N, C] of S seeds. Undefined entries are None."""
    kind = _of(task.kind)
    tables: dict[str, Any] = kind.details(task, *checked(task, target, predictions))
    return tables


def _of(kind: str) -> ModuleType:
    if kind not in _KINDS:
        raise unknown("task kind", kind, _KINDS)
    return importlib.import_module(f"pacl_core.evaluation.metrics.{kind}")
