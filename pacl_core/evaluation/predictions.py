"""Predictions per item, task and seed: one tidy parquet that every metric can be checked against."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.files.tables import read_table, write_table

SCHEMA = pa.schema(
    [
        ("item_id", pa.string()),
        ("split", pa.string()),
        ("task", pa.string()),
        ("seed", pa.int32()),
        ("target", pa.list_(pa.float32())),
        ("prediction", pa.list_(pa.float64())),
    ]
)


@dataclass(frozen=True)
class Predictions:
    """Of one task on one split: `item_ids` [N], `target` [N, T], `prediction` [S, N, C] of S seeds."""

    task: str
    split: str
    item_ids: list[str]
    target: NDArray[np.float32]
    prediction: NDArray[np.float64]


def write_predictions(path: Path, parts: list[Predictions]) -> None:
    """One row per item, task and seed. `target` holds the task's columns, `prediction` its outputs.

    Without parts, a table without rows.
    """
    tables = [SCHEMA.empty_table()]
    for part in parts:
        for seed, prediction in enumerate(part.prediction):
            columns = {
                "item_id": part.item_ids,
                "split": [part.split] * len(part.item_ids),
                "task": [part.task] * len(part.item_ids),
                "seed": [seed] * len(part.item_ids),
                "target": list(part.target),
                "prediction": list(prediction),
            }
            tables.append(pa.table(columns, schema=SCHEMA))
    write_table(path, pa.concat_tables(tables).combine_chunks())


def read_predictions(path: Path, task: str, split: str) -> Predictions:
    """Raises `UserError` where the file is missing, or the task is not in it."""
    table = read_table(path)
    table = table.filter((pc.field("task") == task) & (pc.field("split") == split))
    seeds = sorted(set(table["seed"].to_pylist()))
    if not seeds:
        raise UserError(f"{path}: no predictions of task '{task}' on '{split}'; run 'dvc repro evaluate'")
    by_seed = [table.filter(pc.field("seed") == seed) for seed in seeds]
    return Predictions(
        task=task,
        split=split,
        item_ids=by_seed[0]["item_id"].to_pylist(),
        target=np.stack(by_seed[0]["target"].to_numpy()),
        prediction=np.stack([np.stack(one["prediction"].to_numpy()) for one in by_seed]),
    )


class NotApplicableError(Exception):
    """The protocol cannot be applied to this data set and variant; the text says why."""


@dataclass(frozen=True)
class Outcome:
    """Predictions of one task on the test split, and on validation where the protocol uses it.

    Of a data set with folds, `test` has every item, predicted by what is fitted on other folds.
    `chosen` is a JSON value: what validation chose (epochs, regularisation), under `folds` a list of it per
    fold; or the prompt. Zero-shot gives an outcome per prompt, each with a task of its own name.
    """

    task: Task
    predictions: list[Predictions]
    chosen: dict[str, Any]

    @property
    def test(self) -> Predictions:
        return next(part for part in self.predictions if part.split == "test")


def over_folds(outcomes: Sequence[Outcome]) -> Outcome:
    """One outcome of a task from those of its folds, in the order of the folds; a single one as it is."""
    if len(outcomes) == 1:
        return outcomes[0]
    parts = zip(*(one.predictions for one in outcomes), strict=True)
    predictions = [
        Predictions(
            task=of_folds[0].task,
            split=of_folds[0].split,
            item_ids=[item for one in of_folds for item in one.item_ids],
            target=np.concatenate([one.target for one in of_folds]),
            prediction=np.concatenate([one.prediction for one in of_folds], axis=1),
        )
        for of_folds in parts
    ]
    return Outcome(outcomes[0].task, predictions, {"folds": [one.chosen for one in outcomes]})
