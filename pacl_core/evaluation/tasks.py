"""The tasks of a downstream data set, as its JSON description states them, and their targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pacl_core.artefacts.json_file import read_json
from pacl_core.errors import UserError

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Task:
    """One task: its `kind` decides loss, prediction and figures.

    | kind | target [N, T] | prediction [N, C] |
    |---|---|---|
    | regression | the columns, scaled to [0, 1] | the same |
    | distribution | the columns, a share per class | class probabilities |
    | single_label | one column, the class index | class probabilities |
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    classes: tuple[str, ...] | None

    @property
    def outputs(self) -> int:
        """Outputs of the head."""
        return len(self.classes) if self.kind == "single_label" and self.classes else len(self.columns)


def read_tasks(path: Path) -> list[Task]:
    """Tasks of a description. Raises `UserError` where the file is missing or lacks a key."""
    try:
        entries = read_json(path)["tasks"]
        return [
            Task(e["name"], e["kind"], tuple(e["columns"]), tuple(e["classes"]) if e["classes"] else None)
            for e in entries
        ]
    except FileNotFoundError:
        raise UserError(f"{path}: missing; run 'dvc repro downstream'") from None
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: not a data set's description ({error!r}); delete it and run again"
        ) from None


def targets(task: Task, table: pa.Table, item_ids: Sequence[str]) -> NDArray[np.float32]:
    """Targets [N, T] of a task. Raises `UserError`, naming the item, for a value that cannot be one."""
    try:
        columns = [table[column].to_numpy(zero_copy_only=False) for column in task.columns]
    except KeyError as error:
        raise UserError(f"task '{task.name}': {error.args[0]}; run 'dvc repro downstream' again") from None
    values = np.stack(columns, axis=1).astype(np.float32)
    _refuse(task, ~np.isfinite(values).all(axis=1), item_ids, "a missing or non-finite target")
    if task.kind == "single_label":
        index = values[:, 0]
        wrong = (index < 0) | (index >= task.outputs) | (index != np.floor(index))
        _refuse(task, wrong, item_ids, f"a class index outside 0..{task.outputs - 1}")
    if task.kind == "distribution":
        wrong = (values < 0).any(axis=1) | (np.abs(values.sum(axis=1) - 1) > 1e-3)
        _refuse(task, wrong, item_ids, "shares that are negative or do not sum to 1")
    return values


def _refuse(task: Task, wrong: Any, item_ids: Sequence[str], what: str) -> None:
    if wrong.any():
        first = item_ids[int(wrong.argmax())]
        count = int(wrong.sum())
        raise UserError(f"task '{task.name}': {count} items have {what}, first '{first}'; mend the data set")
