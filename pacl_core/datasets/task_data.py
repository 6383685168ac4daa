"""One task of a stored data set: its targets, and which rows belong to which split."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

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

    Raises `UserError` where a split is empty.
    """
    present = set(_names(dataset))
    columns = [column for column in task.columns if column in present]  # `targets` names one that is missing
    table = read_table(dataset, columns=["item_id", "split", *columns])
    item_ids = table["item_id"].to_pylist()
    target = targets(task, table, item_ids)
    given = np.isfinite(target).all(axis=1)
    split = np.array(table["split"].to_pylist())
    left_out = (split == "test") & np.array([item in excluded for item in item_ids], dtype=bool)
    rows = {name: np.flatnonzero(given & (split == name) & ~left_out) for name in SPLITS}
    for name in SPLITS:
        if len(rows[name]) == 0:
            leaked = int(left_out.sum()) if name == "test" else 0
            because = f" after leaving out {leaked} leaked" if leaked else ""
            raise UserError(f"{dataset}: task '{task.name}' has no items in split '{name}'{because}")
    return TaskData(task, item_ids, target, rows)


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


def _names(dataset: Path) -> list[str]:
    try:
        names: list[str] = pq.read_schema(dataset).names
    except FileNotFoundError:
        raise UserError(f"{dataset}: missing; run 'dvc repro downstream'") from None
    return names
