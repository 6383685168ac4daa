"""A variant on a data set: every task's head over several seeds, and the figures on the test split."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pacl_core.artefacts.tables import read_table
from pacl_core.errors import UserError
from pacl_core.evaluation.intervals import bootstrap, interval
from pacl_core.evaluation.linear import Examples, Recipe, fit, predict, unit_length
from pacl_core.evaluation.metrics import Figure, measure
from pacl_core.evaluation.predictions import Predictions
from pacl_core.evaluation.tasks import SPLITS, Task, targets

log = logging.getLogger(__name__)


def run_linear(
    task: Task,
    dataset: Path,
    features: NDArray[np.float32],
    recipe: Recipe,
    seeds: int,
    device: str = "cpu",
) -> tuple[list[Predictions], list[int]]:
    """Heads of `seeds` seeds: predictions on validation and test, and the epoch chosen by each seed.

    All heads are fitted, and their epochs chosen, before the first test item is predicted.
    """
    table = read_table(dataset, columns=["item_id", "split", *_present(dataset, task.columns)])
    item_ids = table["item_id"].to_pylist()
    target = targets(task, table, item_ids)
    rows = split_rows(dataset, table["split"].to_pylist())
    features = unit_length(features)
    train, val = (Examples(features[rows[split]], target[rows[split]]) for split in ("train", "val"))
    fitted = [fit(task, train, val, recipe, seed, device) for seed in range(seeds)]
    parts = []
    for split in ("val", "test"):
        at = rows[split]
        prediction = np.stack([predict(task, one.head, features[at]) for one in fitted])
        parts.append(Predictions(task.name, split, [item_ids[row] for row in at], target[at], prediction))
    return parts, [one.epoch for one in fitted]


def split_rows(dataset: Path, splits: list[str]) -> dict[str, NDArray[np.intp]]:
    """Rows of train, val and test. Raises `UserError` where one of them is empty."""
    named = np.array(splits)
    rows = {split: np.flatnonzero(named == split) for split in SPLITS}
    for split in SPLITS:
        if len(rows[split]) == 0:
            raise UserError(f"{dataset}: no items in split '{split}'; the data set needs train, val and test")
    return rows


def task_figures(task: Task, test: Predictions, resamples: int) -> dict[str, dict[str, Any]]:
    """Per figure: `mean` and `std` over seeds, `per_seed`, and the 95 % interval `low`, `high` of the mean.

    An undefined figure is null, with its `reason`.
    """
    by_seed = [measure(task, test.target, prediction) for prediction in test.prediction]
    boot = bootstrap(task, test.target, test.prediction, resamples, seed=0)
    return {name: _summary([one[name] for one in by_seed], interval(boot[name])) for name in by_seed[0]}


def _summary(values: list[Figure], bounds: tuple[float, float] | None) -> dict[str, Any]:
    reasons = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if not isinstance(value, str)]
    if reasons:
        log.warning("a figure is undefined: %s", reasons[0])
        return {"mean": None, "std": None, "low": None, "high": None, "per_seed": None, "reason": reasons[0]}
    low, high = bounds or (None, None)
    return {
        "mean": float(np.mean(numbers)),
        "std": float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None,
        "low": low,
        "high": high,
        "per_seed": numbers,
    }


def _present(dataset: Path, columns: tuple[str, ...]) -> list[str]:
    """Columns that the file has; `targets` names the one that it lacks."""
    try:
        names = set(pq.read_schema(dataset).names)
    except FileNotFoundError:
        raise UserError(f"{dataset}: missing; run 'dvc repro downstream'") from None
    return [column for column in columns if column in names]
