"""The tasks of a downstream data set, as in its JSON description, and their targets."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json

Split = Literal["train", "val", "test"]
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Level:
    """One level of a hierarchical task: its name and its classes in index order."""

    name: str
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """One task: its `kind` decides loss, prediction and metrics.

    | kind | target [N, T] | prediction [N, C] |
    |---|---|---|
    | regression | the columns, scaled to [0, 1] | the same |
    | distribution | the columns, a share per class | class probabilities |
    | single_label | one column, the class index | class probabilities |
    | multi_label | the columns, 0 or 1 per class | a probability per class |
    | score | the columns, as of a regression | a number in a unit of its own for each |
    | hierarchical | a class index per level, coarse to fine | class probabilities, level after level |
    | caption | one column, a text: `texts` | - |

    `classes` in index order (None: regression, score, hierarchical, caption). `polarity`: of each class of a
    single-label task, the index of its polarity. `words`: the names of the classes in prompts. `ancestors`:
    of each finest class, its class at every coarser level.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    classes: tuple[str, ...] | None = None
    scale: tuple[float, float] | None = None
    polarity: tuple[int, ...] | None = None
    words: tuple[str, ...] | None = None
    levels: tuple[Level, ...] = ()
    ancestors: tuple[tuple[int, ...], ...] = ()

    @property
    def outputs(self) -> int:
        """Outputs of the head."""
        if self.kind == "hierarchical":
            return sum(len(level.classes) for level in self.levels)
        return len(self.classes) if self.kind == "single_label" and self.classes else len(self.columns)

    @property
    def level_slices(self) -> tuple[slice, ...]:
        """Where each level's classes are among the outputs of a hierarchical task."""
        ends = np.cumsum([len(level.classes) for level in self.levels]).tolist()
        return tuple(
            slice(end - len(level.classes), end) for level, end in zip(self.levels, ends, strict=True)
        )

    def to_json(self) -> dict[str, Any]:
        """Every field, as `from_json` reads it."""
        return asdict(self)

    @staticmethod
    def from_json(fields: dict[str, Any]) -> "Task":
        """The inverse of `to_json`. Raises KeyError, TypeError."""
        optional = {
            key: tuple(fields[key]) for key in ("classes", "scale", "polarity", "words") if fields.get(key)
        }
        return Task(
            name=fields["name"],
            kind=fields["kind"],
            columns=tuple(fields["columns"]),
            levels=tuple(Level(one["name"], tuple(one["classes"])) for one in fields.get("levels", ())),
            ancestors=tuple(tuple(row) for row in fields.get("ancestors", ())),
            **optional,
        )


def dimension(column: str) -> str:
    """What a column of ratings rates: `Valence_mean`, as in OASIS, is valence."""
    return column.lower().removesuffix("_mean")


def read_tasks(path: Path) -> list[Task]:
    """Tasks of a description. Raises `UserError` where the file is missing or lacks a key."""
    try:
        return [Task.from_json(entry) for entry in read_json(path)["tasks"]]
    except FileNotFoundError:
        raise UserError(f"{path}: missing; run 'dvc repro downstream'") from None
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: not a data set's description ({error!r}); delete it and run again"
        ) from None


def targets(task: Task, table: pa.Table, item_ids: Sequence[str]) -> NDArray[np.float32]:
    """Targets [N, T] of a task; a row of NaN for an item without one (null in the table).

    Raises `UserError`, naming the item, for a value that cannot be a target; and for a task of captions.
    """
    if task.kind == "caption":
        raise UserError(f"task '{task.name}': its targets are texts, not numbers")
    try:
        columns = [table[column] for column in task.columns]
    except KeyError as error:
        raise UserError(f"task '{task.name}': {error.args[0]}; run 'dvc repro downstream' again") from None
    absent = np.stack([column.is_null().to_numpy(zero_copy_only=False) for column in columns], axis=1)
    values = np.stack([column.to_numpy(zero_copy_only=False) for column in columns], axis=1).astype(
        np.float32
    )
    given = ~absent.any(axis=1)
    _refuse(task, given & ~np.isfinite(values).all(axis=1), item_ids, what="a non-finite target")
    _refuse(task, absent.any(axis=1) & ~absent.all(axis=1), item_ids, what="a target in some columns only")
    for place, count in _class_counts(task):
        index = values[:, place]
        wrong = given & ((index < 0) | (index >= count) | (index != np.floor(index)))
        _refuse(task, wrong, item_ids, what=f"a class index outside 0..{count - 1}")
    if task.kind == "multi_label":
        _refuse(
            task,
            given & ((values != 0) & (values != 1)).any(axis=1),
            item_ids,
            what="a mark that is not 0 or 1",
        )
    if task.kind == "distribution":
        wrong = (values < 0).any(axis=1) | (np.abs(values.sum(axis=1) - 1) > 1e-3)
        _refuse(task, given & wrong, item_ids, what="shares that are negative or do not sum to 1")
    values[~given] = np.nan
    return values


def texts(task: Task, table: pa.Table) -> list[str | None]:
    """The texts [N] of a task of captions, None for an item without one. Raises `UserError`."""
    if task.kind != "caption" or task.columns[0] not in table.column_names:
        raise UserError(f"task '{task.name}': no column of texts; run 'dvc repro' again")
    found: list[str | None] = table[task.columns[0]].to_pylist()
    return found


def _class_counts(task: Task) -> list[tuple[int, int]]:
    """(column, number of classes) of the columns that hold class indices."""
    if task.kind == "single_label":
        return [(0, task.outputs)]
    return [(place, len(level.classes)) for place, level in enumerate(task.levels)]


def _refuse(task: Task, wrong: Any, item_ids: Sequence[str], *, what: str) -> None:
    if wrong.any():
        first = item_ids[int(wrong.argmax())]
        count = int(wrong.sum())
        raise UserError(f"task '{task.name}': {count} items have {what}, first '{first}'; fix the data set")
