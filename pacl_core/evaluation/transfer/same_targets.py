"""Targets that two data sets have in common: classes that are the same, ratings of the same dimension."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from pacl_core.datasets.tasks import Task, dimension
from pacl_core.errors import UserError, unknown
from pacl_core.params.evaluation import SameClasses

POLARITIES = ("negative", "neutral", "positive")
_BOTH = {"negative", "positive"}  # a set without one of them has no polarity
_POLARITY = "polarity"

Targets = NDArray[np.float32]


@dataclass(frozen=True)
class SameTarget:
    """One target of both data sets: `task`, what a head predicts, and the stored task of each.

    `classes`, of a single label: class of the source -> class of `task`; of ratings it is None, and `task`
    has the columns of the target's, `columns` the same ones of the source's.
    """

    task: Task
    source: Task
    target: Task
    classes: Mapping[str, str] | None
    columns: tuple[str, ...]

    def of_source(self, stored: Targets) -> Targets:
        """Targets of the source [N, T] as those of `task`; a row of NaN for an item of no shared class."""
        if self.classes is None:
            return stored[:, [self.source.columns.index(name) for name in self.columns]]
        return _indices(stored, [self.classes.get(name) for name in self.source.classes or ()], self.task)

    def of_target(self, stored: Targets) -> Targets:
        """The same of the target."""
        if self.classes is None:
            return stored[:, [self.target.columns.index(name) for name in self.task.columns]]
        return _indices(stored, self.target.classes or (), self.task)


def same_targets(
    source: Sequence[Task], target: Sequence[Task], same: SameClasses, *, names: tuple[str, str]
) -> list[SameTarget]:
    """The labels of both data sets that `same` joins, and the ratings of dimensions that both have.

    Names of tasks say where a head was fitted: "polarity, from fi". `names`: of both data sets, for them and
    for errors. Raises `UserError` for a class that is in no task, and where the two have no target in common.
    """
    found = [*_labels(source, target, same, names=names), *_ratings(source, target, names[0])]
    if not found:
        lack = "no two classes of the same name" if same is None else "no classes negative and positive"
        raise UserError(
            f"evaluate.transfer: '{names[0]}' and '{names[1]}' have {lack} in common, and no ratings of the "
            "same column; say which classes are the same: 'classes: {class of from: class of to}'"
        )
    return found


def _labels(
    source: Sequence[Task], target: Sequence[Task], same: SameClasses, *, names: tuple[str, str]
) -> Iterator[SameTarget]:
    ours, theirs = ([task for task in tasks if task.kind == "single_label"] for tasks in (source, target))
    if isinstance(same, dict):
        one, other = _holding(ours, list(same), names[0]), _holding(theirs, list(same.values()), names[1])
        if len(set(same.values())) < 2:
            raise UserError(
                f"evaluate.transfer.classes: a head needs two classes of '{names[1]}' to tell apart"
            )
        yield _label(one, other, same, of=names[0])
        return
    pairs = [(one, other, _same_names(one, other)) for one, other in product(ours, theirs)]
    if same == _POLARITY:
        polar = [(one, other, _polarities(classes)) for one, other, classes in pairs]
        pairs = [(one, other, classes) for one, other, classes in polar if set(classes.values()) >= _BOTH]
    pairs = [pair for pair in pairs if len(pair[2]) > 1]
    if pairs:
        one, other, classes = max(pairs, key=lambda pair: len(pair[2]))
        yield _label(one, other, classes, of=names[0])


def _polarities(classes: Mapping[str, str]) -> dict[str, str]:
    return {own: name for own, name in classes.items() if name in POLARITIES}


def _same_names(one: Task, other: Task) -> dict[str, str]:
    """Classes of the first -> the classes of the second with that name, in any case."""
    named = {name.casefold(): name for name in other.classes or ()}
    return {name: named[name.casefold()] for name in one.classes or () if name.casefold() in named}


def _holding(tasks: Sequence[Task], classes: Sequence[str], dataset: str) -> Task:
    """The first task that has all these classes."""
    for task in tasks:
        if set(classes) <= set(task.classes or ()):
            return task
    known = {name for task in tasks for name in task.classes or ()}
    for name in classes:
        if name not in known:
            error = unknown("class", name, known) if known else "it has no single-label task"
            raise UserError(f"evaluate.transfer.classes, data set '{dataset}': {error}")
    raise UserError(
        f"evaluate.transfer.classes, data set '{dataset}': no task has all of {', '.join(sorted(classes))}"
    )


def _label(one: Task, other: Task, classes: Mapping[str, str], *, of: str) -> SameTarget:
    shared = tuple(name for name in other.classes or () if name in classes.values())
    task = Task(f"{other.name}, from {of}", "single_label", other.columns, shared)
    return SameTarget(task, one, other, dict(classes), ())


def _ratings(source: Sequence[Task], target: Sequence[Task], of: str) -> Iterator[SameTarget]:
    for one, other in product(source, target):
        if one.kind == other.kind == "regression":
            rated = {dimension(column): column for column in one.columns}
            shared = tuple(column for column in other.columns if dimension(column) in rated)
            if shared:
                name = other.name if len(shared) == len(other.columns) else ", ".join(shared)
                task = replace(other, name=f"{name}, from {of}", columns=shared)
                columns = tuple(rated[dimension(column)] for column in shared)
                yield SameTarget(task, one, other, None, columns)
                return


def _indices(stored: Targets, named: Sequence[str | None], task: Task) -> Targets:
    """Indices of a stored task's classes as those of `task`, NaN for a class that it lacks."""
    place = {name: index for index, name in enumerate(task.classes or ())}
    lookup = np.array([place.get(name or "", np.nan) for name in named], np.float32)
    found = np.full_like(stored, np.nan)
    given = np.isfinite(stored[:, 0])
    found[given, 0] = lookup[stored[given, 0].astype(int)]
    return found
