"""The examples of one data set, with their images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pacl_core.datasets.features import read_features
from pacl_core.datasets.rounds import predicted, read_with_rounds
from pacl_core.datasets.tasks import Task, read_tasks, targets
from pacl_core.evaluation.predictions import Predictions, read_predictions
from pacl_core.evaluation.summary_file import read_summary
from pacl_core.examples.retrieval import Labels, draw_queries, retrieval_rows, same_label_share
from pacl_core.files.tables import take_rows
from pacl_core.params.evaluation import ExamplesParams

RETRIEVAL = pa.schema(
    [
        ("dataset", pa.string()),
        ("query", pa.int32()),
        ("variant", pa.string()),
        ("rank", pa.int32()),
        ("item_id", pa.string()),
        ("label", pa.string()),
        ("similarity", pa.float32()),
        ("image", pa.binary()),
    ]
)
ZERO_SHOT = pa.schema(
    [
        ("dataset", pa.string()),
        ("task", pa.string()),
        ("variant", pa.string()),
        ("right", pa.bool_()),
        ("item_id", pa.string()),
        ("label", pa.string()),
        ("predicted", pa.string()),
        ("confidence", pa.float32()),
        ("image", pa.binary()),
    ]
)

Records = list[dict[str, Any]]


@dataclass(frozen=True)
class DataSet:
    """A stored data set: `path`, its `item_ids`, the `labels` shown (None where there is none).

    `classes`: whether equal labels mean the same class; `test`: rows of the test items that have a label.
    """

    path: Path
    item_ids: list[str]
    labels: Labels
    classes: bool
    test: "np.ndarray[tuple[int], np.dtype[np.intp]]"


def read_dataset(path: Path) -> DataSet:
    """Ids, splits and labels; images are not read."""
    task = shown_task(read_tasks(path.with_suffix(".json")))
    names = [] if task is None else list(task.columns)
    table = read_with_rounds(("item_id", *names), path)
    item_ids = table["item_id"].to_pylist()
    labels = np.full(len(item_ids), None, object)
    if task is not None:
        labels[:] = [label_of(task, row) for row in targets(task, table, item_ids)]
    given = np.array([label is not None for label in labels])
    test = np.flatnonzero(predicted(table) & given)
    return DataSet(path, item_ids, labels, task is not None and has_classes(task), test)


def retrieval_examples(
    data: DataSet, folders: Mapping[str, Path], params: ExamplesParams
) -> tuple[Records, dict[str, Any]]:
    """Rows of `RETRIEVAL`, and `same_label_at_<top>` of each variant over all test items.

    `folders`: variant -> the folder of its features of this data set.
    """
    features = {variant: read_features(folder, data.path) for variant, folder in folders.items()}
    queries = draw_queries(
        data.labels if data.classes else np.full(len(data.labels), None, object),
        data.test,
        params.count,
        seed=params.seed,
    )
    rows = _with_images(
        retrieval_rows(
            data.path.stem, queries, features, item_ids=data.item_ids, labels=data.labels, top=params.top
        ),
        data,
    )
    if not data.classes:
        return rows, {}
    shares = {v: same_label_share(own, data.labels, data.test, top=params.top) for v, own in features.items()}
    return rows, {f"same_label_at_{params.top}": shares, "test_items": len(data.test)}


def zero_shot_examples(
    data: DataSet, variant: str, evaluation: Path, *, params: ExamplesParams
) -> tuple[Records, dict[str, Any]]:
    """Rows of `ZERO_SHOT` of the last prompt of each task (the ensemble where there is one)."""
    stem = f"{data.path.stem}-zero_shot-{variant}"
    last: dict[str, str] = {}
    tasks = read_summary(evaluation / f"{stem}.json")["tasks"]
    for name in (name for name, one in tasks.items() if one["task"]["classes"]):
        plain = name.rsplit(", ", 1)[0]
        last[plain] = name if plain not in last or name.endswith(", ensemble") else last[plain]
    rows: Records = []
    shares: dict[str, Any] = {}
    row_of = {item: row for row, item in enumerate(data.item_ids)}
    for name in last.values():
        predictions = read_predictions(evaluation / f"{stem}.parquet", name, "test")
        drawn, share = draw_outcomes(
            predictions, tasks[name]["task"]["classes"], params.count, seed=params.seed
        )
        about = {"dataset": data.path.stem, "task": name, "variant": variant}
        rows += [about | one | {"row": row_of[one["item_id"]]} for one in drawn]
        shares[name] = share
    return _with_images(rows, data), shares


def _with_images(rows: Records, data: DataSet) -> Records:
    found = take_rows([data.path], {row["row"] for row in rows}, ["image"])
    return [row | {"image": found[row["row"]]["image"]} for row in rows]


def shown_task(tasks: Sequence[Task]) -> Task | None:
    """The task whose labels are shown with images: one with classes, if there is one."""
    order = ("single_label", "hierarchical", "distribution", "multi_label", "regression")
    return min(tasks, key=lambda task: order.index(task.kind), default=None)


def label_of(task: Task, target: NDArray[np.float32]) -> str | None:
    """A row [T] of targets in words; None for an item without a target."""
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


def draw_outcomes(
    predictions: Predictions, classes: Sequence[str], count: int, *, seed: int
) -> tuple[list[dict[str, Any]], float]:
    """At most `count` right and `count` wrong items drawn by `seed`, and the share of all that is right.

    Each has `item_id`, `right`, `label`, `predicted` (ties: the first class) and `confidence`, the
    probability of the predicted class. Predictions are those of the first seed.
    """
    probabilities_NC = predictions.prediction[0]
    found = probabilities_NC.argmax(axis=1)
    truth = predictions.target[:, 0].astype(int)
    right = found == truth
    generator = np.random.default_rng(seed)
    rows = []
    for wanted in (True, False):
        for place in generator.permutation(np.flatnonzero(right == wanted))[:count].tolist():
            rows.append(
                {
                    "item_id": predictions.item_ids[place],
                    "right": wanted,
                    "label": classes[truth[place]],
                    "predicted": classes[found[place]],
                    "confidence": round(float(probabilities_NC[place, found[place]]), 4),
                }
            )
    return rows, float(right.mean())
