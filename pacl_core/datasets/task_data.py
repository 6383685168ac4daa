"""One task of a stored data set: its targets, and which rows belong to which split."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pacl_core.datasets.rounds import Round, read_with_rounds, rounds, stored_names, the_split
from pacl_core.datasets.tasks import SPLITS, Task, targets
from pacl_core.errors import UserError
from pacl_core.files.tables import read_table


@dataclass(frozen=True)
class TaskData:
    """`target` [N, T] over all rows of the data set, NaN without one; `rows`: split -> rows with one."""

    task: Task
    item_ids: list[str]
    target: NDArray[np.float32]
    rows: dict[str, NDArray[np.intp]]


def read_task_data(task: Task, dataset: Path, excluded: Collection[str] = ()) -> TaskData:
    """Read ids, splits and targets, never images. `excluded`: test items that are left out.

    The split is the official one, else 8:1:1, also of a data set with folds. Raises `UserError` where a
    split is empty.
    """
    return _read(task, dataset, excluded, folds=False)[0]


def read_task_rounds(task: Task, dataset: Path, excluded: Collection[str] = ()) -> list[TaskData]:
    """The same for each round of fitting and predicting: one per fold, or the split alone.

    Together the rounds have each item with a target once under `test`. A fold without such items has no
    round; raises `UserError` where all are so, or a round lacks items to fit on or to choose by.
    """
    return _read(task, dataset, excluded, folds=True)


def _read(task: Task, dataset: Path, excluded: Collection[str], *, folds: bool) -> list[TaskData]:
    present = set(stored_names(dataset))
    columns = [column for column in task.columns if column in present]  # `targets` names one that is missing
    table = read_with_rounds(("item_id", *columns), dataset)
    item_ids = table["item_id"].to_pylist()
    target = targets(task, table, item_ids)
    given = np.isfinite(target).all(axis=1)
    left_out = np.array([item in excluded for item in item_ids], dtype=bool)
    dealt = rounds(table) if folds else [the_split(table)]
    leaked = int(np.sum([masks["test"] & left_out for masks in dealt]))
    found = []
    for masks in dealt:
        own = {name: masks[name] & given for name in SPLITS}
        own["test"] &= ~left_out
        if len(dealt) > 1 and not own["test"].any():
            continue
        _refuse_empty(f"{dataset}: task '{task.name}'", own, folds=len(dealt), leaked=leaked)
        rows = {name: np.flatnonzero(mask) for name, mask in own.items()}
        found.append(TaskData(task, item_ids, target, rows))
    if not found:
        raise UserError(
            f"{dataset}: task '{task.name}' has no items to predict in any fold{_because(leaked)}"
        )
    return found


def _refuse_empty(what: str, own: Round, *, folds: int, leaked: int) -> None:
    for name in SPLITS:
        if not own[name].any():
            if folds > 1:
                raise UserError(
                    f"{what} has too few items for {folds} folds: none in '{name}' of one; "
                    "lower evaluate.folds, or set it to 0 (the 8:1:1 split)"
                )
            raise UserError(
                f"{what} has no items in split '{name}'{_because(leaked if name == 'test' else 0)}"
            )


def training_targets(task: Task, dataset: Path, tested: Collection[str]) -> NDArray[np.float32]:
    """Targets [M, T] that a prediction of the `tested` items could know: of the training split.

    Where items of that split are tested too, each by a model that did not see it (cross-validation), targets
    of all items: a constant of them knows an item's own target too, but by one part in M.
    """
    table = read_table(dataset, columns=["item_id", "split", *task.columns])
    item_ids = table["item_id"].to_pylist()
    target = targets(task, table, item_ids)
    given = np.isfinite(target).all(axis=1)
    known = set(tested)
    held_out = np.array([item in known for item in item_ids], dtype=bool)
    learnt = given & (np.array(table["split"].to_pylist(), object) == "train")
    return target[given] if not learnt.any() or (learnt & held_out).any() else target[learnt]


def _because(leaked: int) -> str:
    return f" after leaving out {leaked} leaked" if leaked else ""
