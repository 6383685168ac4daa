"""Hierarchical: the single-label metrics of every level, and whether the levels agree.

Names: `accuracy_<level>` and so on. `consistency`: the share of items whose predicted coarser classes are
the ancestors of their predicted finest class. `accuracy_joint`: the share with every level right.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics import single_label
from pacl_core.evaluation.metrics.item_sums import Resampler, item_sums, ratio

Array = NDArray[Any]
_NO_ANCESTORS = "the data set names no ancestors of its finest classes"


def measure(task: Task, target: Array, prediction: Array) -> dict[str, float | str]:
    """`target` [N, levels] class indices, `prediction` [N, C] probabilities level after level."""
    values: dict[str, float | str] = {}
    for level, level_target, level_prediction in _levels(task, target, prediction):
        of_level = single_label.measure(level, level_target, level_prediction)
        values |= {f"{name}_{level.name}": value for name, value in of_level.items()}
    consistent, right = _agreement(task, target, prediction)
    values["consistency"] = _NO_ANCESTORS if consistent is None else float(consistent.mean())
    values["accuracy_joint"] = float(right.mean())
    return values


def resampler(task: Task, target: Array, prediction: Array) -> Resampler:
    """The same on resamples, level by level."""
    levels = [(part[0].name, single_label.resampler(*part)) for part in _levels(task, target, prediction)]
    consistent, right = _agreement(task, target, prediction)
    known = np.zeros(len(right)) if consistent is None else consistent
    rows = csr_array(np.stack([known, right]).astype(float))

    def values_of(counts: Array) -> dict[str, Array]:
        values: dict[str, Array] = {}
        for level, values_of_level in levels:
            values |= {f"{name}_{level}": value for name, value in values_of_level(counts).items()}
        fractions = ratio(item_sums(rows, counts), counts.sum(axis=1))
        values["consistency"] = np.full_like(fractions[0], np.nan) if consistent is None else fractions[0]
        values["accuracy_joint"] = fractions[1]
        return values

    return values_of


def details(task: Task, target: Array, predictions: Array) -> dict[str, Any]:
    """Level name -> the tables of `single_label.details`."""
    return {part[0].name: single_label.details(*part) for part in _levels(task, target, predictions)}


def _levels(task: Task, target: Array, prediction: Array) -> Iterator[tuple[Task, Array, Array]]:
    """Each level as a single-label task with its target [N, 1] and prediction [..., N, C of the level]."""
    for index, (level, outputs) in enumerate(zip(task.levels, task.level_slices, strict=True)):
        alone = Task(level.name, "single_label", (task.columns[index],), level.classes)
        yield alone, target[:, index : index + 1], prediction[..., outputs]


def _agreement(task: Task, target: Array, prediction: Array) -> tuple[Array | None, Array]:
    """[N] bool: predicted levels consistent (None without ancestors), and all right."""
    chosen = np.stack([prediction[:, outputs].argmax(axis=1) for outputs in task.level_slices], axis=1)
    right = np.asarray((chosen == target).all(axis=1))
    if not task.ancestors:
        return None, right
    ancestors = np.array(task.ancestors, dtype=int).reshape(len(task.ancestors), len(task.levels) - 1)
    return np.asarray((ancestors[chosen[:, -1]] == chosen[:, :-1]).all(axis=1)), right
