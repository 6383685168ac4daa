"""The summary of an evaluation per task: what was chosen, metrics with intervals, tables."""

import logging
from typing import Any

import numpy as np

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics import Value, details, measure
from pacl_core.evaluation.metrics.intervals import bootstrap, interval
from pacl_core.evaluation.predictions import Outcome, Predictions

log = logging.getLogger(__name__)

Json = dict[str, Any]


def summarise(outcomes: list[Outcome], resamples: int) -> Json:
    """Per task, by its name: `task`, `test_items`, `chosen`, `figures` (the metrics), `details`."""
    return {
        outcome.task.name: {
            "task": outcome.task.to_json(),
            "test_items": len(outcome.test.item_ids),
            "chosen": outcome.chosen,
            "figures": metrics(outcome.task, outcome.test, resamples),
            "details": details(outcome.task, outcome.test.target, outcome.test.prediction),
        }
        for outcome in outcomes
    }


def metrics(task: Task, test: Predictions, resamples: int) -> dict[str, Json]:
    """Per metric: `mean` and `std` over seeds, `per_seed`, and the 95 % interval `low`, `high` of the mean.

    The values of an undefined metric are null, with its `reason`.
    """
    by_seed = [measure(task, test.target, prediction) for prediction in test.prediction]
    boot = bootstrap(task, test.target, test.prediction, count=resamples, seed=0)
    return {
        name: _described(task, name, [one[name] for one in by_seed], bounds=interval(boot[name]))
        for name in by_seed[0]
    }


def _described(task: Task, name: str, values: list[Value], *, bounds: tuple[float, float] | None) -> Json:
    reasons = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if not isinstance(value, str)]
    if reasons:
        log.warning("task '%s': %s is undefined: %s", task.name, name, reasons[0])
        return {"mean": None, "std": None, "low": None, "high": None, "per_seed": None, "reason": reasons[0]}
    low, high = bounds or (None, None)
    return {
        "mean": float(np.mean(numbers)),
        "std": float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None,
        "low": low,
        "high": high,
        "per_seed": numbers,
    }
