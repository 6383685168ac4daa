"""The description of a stored data set: its tasks and source as recorded, and counts."""

import logging
from typing import Any

import numpy as np
import polars as pl

from pacl_core.datasets.draft import Refusals
from pacl_core.datasets.record import DatasetRecord, record_tasks
from pacl_core.datasets.tasks import Task

log = logging.getLogger("pacl")
_SHOWN = 30  # names in a message


def describe(
    name: str,
    record: DatasetRecord,
    items: pl.DataFrame,
    *,
    splits: str,
    refusals: Refusals,
    duplicates: int,
) -> dict[str, Any]:
    """The description, a JSON value; logs a warning for every class that a split lacks.

    `items` has `split`, `fold` and the tasks' columns; `splits` says where the splits come from (official,
    val_of_train, ours). Under `counts`: items by split; items of each fold; targets by task and split;
    classes by task, split and class index (the marks of multi-label tasks); rejected_by_reason (items);
    targets_rejected (by task and reason, of items that another task uses); placeholders (among the rejected);
    duplicates_across_splits (images that are in several official splits: kept). Of a set with boxes, also
    `subjects`: the items whose box is shown in the square in the middle of an image, lies outside of it (a
    model sees no subject), or is not there. Of clips, `frames` is their number; `smooth` as recorded.
    """
    tasks = record_tasks(record)
    by_split = {split: items.filter(pl.col("split") == split) for split in record.splits}
    classes = {
        task.name: {split: _class_counts(task, rows) for split, rows in by_split.items()}
        for task in tasks
        if task.kind in ("single_label", "multi_label")
    }
    for task in tasks:
        for split, counts in classes.get(task.name, {}).items():
            lacking = [of for of, count in zip(task.classes or (), counts, strict=True) if not count]
            if lacking:
                log.warning(
                    "%s: task '%s': no item of %s in split '%s'", name, task.name, _listed(lacking), split
                )
    subjects: dict[str, Any] = {}
    if "subject" in items.columns:
        states = items["subject"].to_list()
        subjects["subjects"] = {state: states.count(state) for state in ("shown", "outside", "none")}
    return {
        "name": name,
        "tasks": [task.to_json() for task in tasks],
        "source": record.source,
        "licence": record.licence,
        "citation": record.citation,
        "splits": splits,
        "counts": {
            "items": {split: len(rows) for split, rows in by_split.items()},
            "folds": items["fold"].drop_nulls().value_counts().sort("fold")["count"].to_list(),
            "targets": {
                task.name: {split: _targets(task, rows) for split, rows in by_split.items()} for task in tasks
            },
            "classes": classes,
            "rejected_by_reason": dict(sorted(refusals.items.items())),
            "targets_rejected": {
                task: dict(sorted(counts.items())) for task, counts in sorted(refusals.targets.items())
            },
            "placeholders": refusals.items["placeholder"],
            "duplicates_across_splits": duplicates,
            **subjects,
        },
        **({} if record.frames is None else {"frames": record.frames}),
        **({} if record.smooth is None else {"smooth": record.smooth.model_dump()}),
    }


def _listed(names: list[str]) -> str:
    """The names, or of many the first ones and the number of the others."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} others" if more > 0 else "")


def _targets(task: Task, rows: pl.DataFrame) -> int:
    return len(rows) - rows[task.columns[0]].null_count()


def _class_counts(task: Task, rows: pl.DataFrame) -> list[int]:
    if task.kind == "multi_label":
        return [int(rows[column].sum()) for column in task.columns]
    found = rows[task.columns[0]].drop_nulls().to_numpy()
    return [int(count) for count in np.bincount(found, minlength=len(task.classes or ()))]
