"""The summary of an evaluation: per task what was chosen, every figure with its interval, and tables."""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.evaluation.metrics import Figure, details, measure
from pacl_core.evaluation.metrics.intervals import bootstrap, interval
from pacl_core.evaluation.predictions import Outcome, Predictions
from pacl_core.files.json_csv import read_json, write_json

log = logging.getLogger(__name__)

Json = dict[str, Any]

KEYS = ("dataset", "protocol", "variant", "backbone", "not_applicable", "excluded_test_items", "tasks")


def summarise(outcomes: list[Outcome], resamples: int) -> Json:
    """Per task, by its name: `task`, `test_items`, `chosen`, `figures`, `details`."""
    return {
        outcome.task.name: {
            "task": outcome.task.to_json(),
            "test_items": len(outcome.test.item_ids),
            "chosen": outcome.chosen,
            "figures": figures(outcome.task, outcome.test, resamples),
            "details": details(outcome.task, outcome.test.target, outcome.test.prediction),
        }
        for outcome in outcomes
    }


def figures(task: Task, test: Predictions, resamples: int) -> dict[str, Json]:
    """Per figure: `mean` and `std` over seeds, `per_seed`, and the 95 % interval `low`, `high` of the mean.

    An undefined figure is null, with its `reason`.
    """
    by_seed = [measure(task, test.target, prediction) for prediction in test.prediction]
    boot = bootstrap(task, test.target, test.prediction, count=resamples, seed=0)
    return {
        name: _figure(task, name, [one[name] for one in by_seed], bounds=interval(boot[name]))
        for name in by_seed[0]
    }


def write_summary(
    path: Path,
    dataset: str,
    protocol: str,
    *,
    variant: str,
    backbone: str,
    not_applicable: str | None,
    excluded_test_items: int,
    tasks: Json,
) -> None:
    """Publish a summary. `not_applicable`: why the protocol has no meaning here (`tasks` is then empty)."""
    values = (dataset, protocol, variant, backbone, not_applicable, excluded_test_items, tasks)
    write_json(path, dict(zip(KEYS, values, strict=True)))


def read_summary(path: Path) -> Json:
    """The summary as `write_summary` took it. Raises `UserError` where it is missing or not one."""
    try:
        summary: Json = read_json(path)
    except FileNotFoundError:
        raise UserError(f"{path}: missing; run 'dvc repro evaluate'") from None
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error}); delete it and run 'dvc repro evaluate'") from None
    if not isinstance(summary, dict) or set(summary) != set(KEYS):
        raise UserError(f"{path}: not the summary of an evaluation; delete it and run 'dvc repro evaluate'")
    return summary


def _figure(task: Task, name: str, values: list[Figure], *, bounds: tuple[float, float] | None) -> Json:
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
