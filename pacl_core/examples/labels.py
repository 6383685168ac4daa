"""What an item's label is called on the page."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pacl_core.evaluation.tasks import Task


def shown_task(tasks: Sequence[Task]) -> Task | None:
    """The task whose labels stand beside pictures: one of classes where there is one."""
    order = ("single_label", "hierarchical", "distribution", "multi_label", "regression")
    return min(tasks, key=lambda task: order.index(task.kind), default=None)


def label_of(task: Task, target: NDArray[np.float32]) -> str | None:
    """A row [T] of targets in words; None for an item without one."""
    if not np.isfinite(target).all():
        return None
    if task.kind == "single_label":
        return task.classes[int(target[0])] if task.classes else str(int(target[0]))
    if task.kind == "hierarchical":
        return task.levels[-1].classes[int(target[-1])]
    names = task.classes or task.columns
    if task.kind == "distribution":
        place = int(target.argmax())
        return f"{names[place]} {target[place]:.0%}"
    if task.kind == "multi_label":
        return ", ".join(name for name, mark in zip(names, target, strict=True) if mark) or "none"
    return ", ".join(f"{name} {value:.2f}" for name, value in zip(task.columns, target, strict=True))


def has_classes(task: Task) -> bool:
    """Whether two items with the same label are of the same class."""
    return task.kind in ("single_label", "hierarchical")
