"""Predictions per item, task and seed: one tidy parquet that every metric can be checked against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
TRAINING_SEED = pa.field("training_seed", pa.int32())


@dataclass(frozen=True)
class Predictions:
    """Of one task on one split: `item_ids` [N], `target` [N, T], `prediction` [S, N, C] of S seeds.

    Of a variant that was trained several times, S counts the heads of all trainings, as many of each, in the
    order of `training_seeds`; that is empty for one that was trained once, or not at all.
    """

    task: str
    split: str
    item_ids: list[str]
    target: NDArray[np.float32]
    prediction: NDArray[np.float64]
    training_seeds: tuple[int, ...] = ()

    @property
    def trainings(self) -> int:
        """Number of models that `prediction` is of."""
        return max(1, len(self.training_seeds))


def write_predictions(path: Path, parts: list[Predictions]) -> None:
    """One row per item, task and seed. `target` holds the task's columns, `prediction` its outputs.

    Of a variant that was trained several times, rows have their `training_seed` too. Without parts, a table
    without rows.
    """
    several = any(part.training_seeds for part in parts)
    schema = pa.schema([*SCHEMA, TRAINING_SEED]) if several else SCHEMA
    tables = [schema.empty_table()]
    for part in parts:
        heads = len(part.prediction) // part.trainings
        for place, prediction in enumerate(part.prediction):
            columns = {
                "item_id": part.item_ids,
                "split": [part.split] * len(part.item_ids),
                "task": [part.task] * len(part.item_ids),
                "seed": [place % heads] * len(part.item_ids),
                "target": list(part.target),
                "prediction": list(prediction),
            }
            if several:
                columns["training_seed"] = [part.training_seeds[place // heads]] * len(part.item_ids)
            tables.append(pa.table(columns, schema=schema))
    write_table(path, pa.concat_tables(tables).combine_chunks())


def read_predictions(path: Path, task: str, split: str) -> Predictions:
    """Raises `UserError` where the file is missing, or the task is not in it."""
    table = read_table(path)
    table = table.filter((pc.field("task") == task) & (pc.field("split") == split))
    if not len(table):
        raise UserError(f"{path}: no predictions of task '{task}' on '{split}'; run 'dvc repro evaluate'")
    trained: tuple[int, ...] = ()
    parts = [table]
    if "training_seed" in table.column_names:
        trained = tuple(dict.fromkeys(table["training_seed"].to_pylist()))
        parts = [table.filter(pc.field("training_seed") == one) for one in trained]
    by_seed = [
        part.filter(pc.field("seed") == seed)
        for part in parts
        for seed in sorted(set(part["seed"].to_pylist()))
    ]
    return Predictions(
        task=task,
        split=split,
        item_ids=by_seed[0]["item_id"].to_pylist(),
        target=np.stack(by_seed[0]["target"].to_numpy()),
        prediction=np.stack([np.stack(one["prediction"].to_numpy()) for one in by_seed]),
        training_seeds=trained,
    )


class NotApplicableError(Exception):
    """The protocol cannot be applied to this data set and variant; the text says why."""


@dataclass(frozen=True)
class Outcome:
    """Predictions of one task on the test split, and on validation where the protocol uses it.

    Of a data set with folds, `test` has every item, predicted by what is fitted on other folds.
    `chosen` is a JSON value: what validation chose (epochs, regularisation), under `folds` a list of it per
    fold; or the prompt. Zero-shot gives an outcome per prompt, each with a task of its own name. Of several
    trainings, it is what was chosen for the first, with that of the others under `training_seeds`.
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


def over_trainings(by_seed: Mapping[int, Sequence[Outcome]]) -> list[Outcome]:
    """The outcomes of a variant from those of each of its trainings; of a single one as they are."""
    (_, first), *others = by_seed.items()
    if not others:
        return list(first)
    outcomes = []
    for number, one in enumerate(first):
        same = [of_seed[number] for of_seed in by_seed.values()]
        parts = zip(*(outcome.predictions for outcome in same), strict=True)
        predictions = [
            replace(
                of_trainings[0],
                prediction=np.concatenate([part.prediction for part in of_trainings]),
                training_seeds=tuple(by_seed),
            )
            for of_trainings in parts
        ]
        chosen = {str(seed): outcomes[number].chosen for seed, outcomes in others}
        outcomes.append(Outcome(one.task, predictions, one.chosen | {"training_seeds": chosen}))
    return outcomes
