"""The summary of an evaluation per task: what was chosen, metrics with intervals, tables."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics import Value, details, measure
from pacl_core.evaluation.metrics.baselines import baselines
from pacl_core.evaluation.metrics.draws import bootstrap_of, draws_of
from pacl_core.evaluation.metrics.intervals import Resampled, interval
from pacl_core.evaluation.metrics.verdicts import items_of
from pacl_core.evaluation.predictions import Outcome, Predictions

log = logging.getLogger(__name__)

Json = dict[str, Any]
Array = NDArray[Any]


def summarise(outcomes: list[Outcome], resamples: int, train_targets: Mapping[str, Array]) -> Json:
    """Per task, by its name: `task`, `test_items`, `class_items`, `chosen`, `figures` (the metrics),
    `baselines` (what a constant scores) and `details`.

    `train_targets`: task name -> targets [M, T] of the items that the outcome learnt from. `class_items`:
    the test items `[in the smallest class, outside the largest]`, null where the task has no classes.
    """
    return {
        outcome.task.name: _summary(outcome, resamples, train_targets[outcome.task.name])
        for outcome in outcomes
    }


def _summary(outcome: Outcome, resamples: int, train_target: Array) -> Json:
    task, test = outcome.task, outcome.test
    boot = bootstrap_of(task, test, outcome.chosen, count=resamples)
    draws = draws_of(test, outcome.chosen)
    return {
        "task": task.to_json(),
        "test_items": len(test.item_ids),
        "class_items": list(items_of(task, test.target)[1:]),
        "chosen": outcome.chosen,
        "figures": metrics(task, test, boot),
        "baselines": baselines(task, test.target, train_target, boot=boot, count=resamples, draws=draws),
        "details": details(task, test.target, test.prediction),
    }


def metrics(task: Task, test: Predictions, boot: Mapping[str, Resampled]) -> dict[str, Json]:
    """Per metric: `mean` and `std` over seeds, `per_seed`, and the 95 % interval `low`, `high` of the mean.

    `boot`: the same metrics on resamples. The values of an undefined metric are null, with its `reason`. Of
    a variant that was trained several times, `std` is over its trainings, and `per_training_seed` has the
    mean of each.
    """
    by_seed = [measure(task, test.target, prediction) for prediction in test.prediction]
    found = {
        name: _described(task, name, [one[name] for one in by_seed], bounds=interval(boot[name]))
        for name in by_seed[0]
    }
    if test.training_seeds:
        for one in found.values():
            one |= _over_trainings(one["per_seed"], test.training_seeds)
    return found


def _over_trainings(per_seed: list[float] | None, training_seeds: Sequence[int]) -> Json:
    if per_seed is None:
        return {"per_training_seed": None}
    means = np.reshape(per_seed, (len(training_seeds), -1)).mean(axis=1).tolist()
    by_seed = {str(seed): mean for seed, mean in zip(training_seeds, means, strict=True)}
    return {"std": float(np.std(means, ddof=1)), "per_training_seed": by_seed}


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
