"""Heads as the linear protocol fits them, on one data set, and their predictions on others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pacl_core.datasets.task_data import TaskData
from pacl_core.datasets.tasks import SPLITS, Task, targets
from pacl_core.errors import UserError
from pacl_core.evaluation.predictions import Outcome, Predictions
from pacl_core.evaluation.protocols.downstream_data import DownstreamData
from pacl_core.evaluation.protocols.heads import Heads, head_prediction
from pacl_core.evaluation.protocols.linear import fit
from pacl_core.evaluation.transfer.same_targets import SameTarget, same_targets
from pacl_core.evaluation.transfer.unseen_sets import FITTED_ON, StoredSet, UnseenSet
from pacl_core.files.tables import read_table
from pacl_core.params.evaluation import LinearParams, SameClasses

FeaturesOf = Callable[[Path], NDArray[np.float32]]


class Fitted(NamedTuple):
    """Heads of the source, the number of items that they learnt from, and what validation chose."""

    heads: Heads
    items: int
    chosen: dict[str, Any]


@dataclass(frozen=True)
class Transferred:
    """An outcome on a tested set, and the targets [M, T] of that set that a constant may know: of its
    training split where that is official, else of all items."""

    outcome: Outcome
    known: NDArray[np.float32]


def transfer(
    source: StoredSet,
    tested: Sequence[UnseenSet],
    features_of: FeaturesOf,
    *,
    same: SameClasses,
    params: LinearParams,
    device: str,
) -> dict[str, list[Transferred]]:
    """Tested set -> an outcome per target that it has in common with the source.

    `features_of`: table of a stored set -> features [N, D] of one variant. A head is fitted on the training
    split of the source, and chosen on its validation split, once for all sets that ask the same of it. Raises
    `UserError` where two sets have no target in common, or none of a split's items has one.
    """
    data = DownstreamData(source.table, features_of(source.table))
    fitted: dict[bytes, Fitted] = {}
    found = {}
    for one in tested:
        names = source.name, one.stored.name
        shared = same_targets(source.tasks, one.stored.tasks, same, names=names)
        features = features_of(one.stored.table)
        outcomes = []
        for target in shared:
            own = _task_data(target.task, target.of_source(_targets(target.source, source)), source)
            key = own.target.tobytes()
            if key not in fitted:
                fitted[key] = _fitted(own, data, params=params, device=device)
            outcomes.append(_predicted(target, fitted[key], one, features=features, device=device))
        found[one.stored.name] = outcomes
    return found


def _fitted(own: TaskData, data: DownstreamData, *, params: LinearParams, device: str) -> Fitted:
    train, val = (data.examples(own, split, device) for split in FITTED_ON)
    for split, examples in zip(FITTED_ON, (train, val), strict=True):
        if not len(examples.target):
            raise UserError(
                f"evaluate.transfer: '{data.dataset.stem}' has no items in split '{split}' for the head of "
                f"'{own.task.name}'"
            )
    heads, chosen = fit(own.task, train, val, params=params)
    return Fitted(heads, len(train.target), chosen)


def _predicted(
    target: SameTarget,
    fitted: Fitted,
    tested: UnseenSet,
    *,
    features: NDArray[np.float32],
    device: str,
) -> Transferred:
    stored, task = tested.stored, target.task
    own = _task_data(task, target.of_target(_targets(target.target, stored)), stored)
    given = np.isfinite(own.target).all(axis=1)
    rows = np.flatnonzero(given & tested.tested)
    if not len(rows):
        raise UserError(f"evaluate.transfer: '{stored.name}' has no test items for '{task.name}'")
    on = TaskData(task, own.item_ids, own.target, {"test": rows})
    x = DownstreamData(stored.table, features).examples(on, "test", device).features
    prediction = head_prediction(task)(fitted.heads.outputs(x)).double().cpu().numpy()
    item_ids = [own.item_ids[row] for row in rows]
    predictions = Predictions(task.name, "test", item_ids, own.target[rows], prediction)
    said = {"fitted_items": fitted.items, "leaks": tested.leaks} | fitted.chosen
    if target.classes is not None:
        said["classes"] = dict(target.classes)
    learnt = own.rows["train"] if stored.official and len(own.rows["train"]) else np.flatnonzero(given)
    return Transferred(Outcome(task, [predictions], said), own.target[learnt])


def _targets(task: Task, stored: StoredSet) -> NDArray[np.float32]:
    table = read_table(stored.table, columns=["item_id", *task.columns])
    return targets(task, table, table["item_id"].to_pylist())


def _task_data(task: Task, target: NDArray[np.float32], stored: StoredSet) -> TaskData:
    table = read_table(stored.table, columns=["item_id", "split"])
    split, given = np.array(table["split"].to_pylist(), object), np.isfinite(target).all(axis=1)
    rows = {name: np.flatnonzero(given & (split == name)) for name in SPLITS}
    return TaskData(task, table["item_id"].to_pylist(), target, rows)
