"""Published values of an item -> targets of the record's tasks, or the reason why a task has none."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pacl_core.datasets.names import find_name, is_absent
from pacl_core.datasets.record import DatasetRecord, TaskRecord, stored_columns
from pacl_core.media.rejects import valid_name

Value = str | float | None
Targets = dict[str, float | int | str | None]
ABSENT = "no_target"
_MARKS = ("0", "1")


@dataclass(frozen=True)
class Problem:
    """Why a task has no target although values are published: a short code and details."""

    task: str
    reason: str
    detail: str


@dataclass(frozen=True)
class Converted:
    """Stored columns of all tasks, None where a task has no target, and the problems there were."""

    targets: Targets
    problems: tuple[Problem, ...]

    @property
    def usable(self) -> bool:
        """Whether any task has a target."""
        return any(value is not None for value in self.targets.values())


class _UnfitError(Exception):
    """A task's values cannot be a target."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def convert(values: Mapping[str, Value], record: DatasetRecord) -> Converted:
    """Targets of every task: class indices, marks, ratings scaled to [0, 1], distributions, texts.

    Reasons: unknown_label, not_a_number, out_of_scale, incomplete (some columns only), negative_share,
    no_votes (all zero), not_a_mark, empty_caption, not_a_text. A task without a value in any column has no
    target and no problem.
    """
    targets: Targets = {}
    problems: list[Problem] = []
    for name, task in record.tasks.items():
        columns = stored_columns(name, task)
        if task.kind == "hierarchical":
            continue
        try:
            found = _CONVERSIONS[task.kind](task, values)
        except _UnfitError as unfit:
            found = None
            problems.append(Problem(name, unfit.reason, unfit.detail))
        targets |= dict.fromkeys(columns) if found is None else dict(zip(columns, found, strict=True))
    for name, task in record.tasks.items():
        levels = task.levels or ()
        lacking = [level for level in levels if targets[level] is None]
        # a joint head needs every level; the levels are tasks that share their columns with it
        if lacking and len(lacking) < len(levels):
            problems.append(Problem(name, "incomplete", f"no class at {', '.join(lacking)}"))
            targets |= dict.fromkeys(levels)
    return Converted(targets, tuple(problems))


def _label(task: TaskRecord, values: Mapping[str, Value]) -> list[float] | None:
    value = values.get(task.column or "")
    if value is None or is_absent(value) or value == "":
        return None
    classes = task.classes or ()
    label = find_name(value, dict.fromkeys((*classes, *task.of)))
    if label is None:
        raise _UnfitError("unknown_label", f"'{value}'")
    return [classes.index(task.class_of(label))]


def _marks(task: TaskRecord, values: Mapping[str, Value]) -> list[float] | None:
    columns = task.columns or ()
    given = [values.get(column) for column in columns]
    marks = [_mark(value) for value in given]
    if all(value is None or is_absent(value) or value == "" for value in given):
        return None
    for column, value, mark in zip(columns, given, marks, strict=True):
        if mark is None:
            raise _UnfitError("not_a_mark", f"{column} is '{value}', neither 0 nor 1")
    return [float(mark or 0) for mark in marks]


def _mark(value: Value) -> str | None:
    """An empty cell is not marked; None for anything that is not a mark."""
    return "0" if value is None or is_absent(value) or value == "" else find_name(value, _MARKS)


def _ratings(task: TaskRecord, values: Mapping[str, Value]) -> list[float] | None:
    numbers = _numbers(task.columns or (), values)
    if numbers is None:
        return None
    low, high = task.scale or (0.0, 1.0)
    for column, number in zip(task.columns or (), numbers, strict=True):
        if not low <= number <= high:
            raise _UnfitError("out_of_scale", f"{column} is {number:g}, outside {low:g} to {high:g}")
    return [(number - low) / (high - low) for number in numbers]


def _distribution(task: TaskRecord, values: Mapping[str, Value]) -> list[float] | None:
    numbers = _numbers(task.columns or (), values)
    if numbers is None:
        return None
    for column, number in zip(task.columns or (), numbers, strict=True):
        if number < 0:
            raise _UnfitError("negative_share", f"{column} is {number:g}")
    total = math.fsum(numbers)
    if total == 0:
        raise _UnfitError("no_votes", "every share is 0")
    return [number / total for number in numbers]


def _caption(task: TaskRecord, values: Mapping[str, Value]) -> list[str] | None:
    value = values.get(task.column or "")
    if value is None or is_absent(value):
        return None
    if not isinstance(value, str):
        raise _UnfitError("not_a_text", f"{task.column} is {value!r}")
    if not value.strip():
        raise _UnfitError("empty_caption", f"{task.column} holds no word")
    return [valid_name(value.strip())]


def _numbers(columns: tuple[str, ...], values: Mapping[str, Value]) -> list[float] | None:
    """One finite number per column; None where no column has one."""
    numbers = [_number(column, values.get(column)) for column in columns]
    given = [number for number in numbers if number is not None]
    if not given:
        return None
    if len(given) < len(numbers):
        lacking = (column for column, number in zip(columns, numbers, strict=True) if number is None)
        raise _UnfitError("incomplete", f"no value for {', '.join(lacking)}")
    return given


def _number(column: str, value: Value) -> float | None:
    """None for an absent value (None, an empty text, NaN) and for an infinity, which is not a rating
    either."""
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except ValueError:
        raise _UnfitError("not_a_number", f"{column} is '{value}'") from None
    return number if math.isfinite(number) else None


_Found = list[float] | list[str] | None
_CONVERSIONS: Mapping[str, Callable[[TaskRecord, Mapping[str, Value]], _Found]] = {
    "single_label": _label,
    "multi_label": _marks,
    "regression": _ratings,
    "distribution": _distribution,
    "caption": _caption,
}
