"""The examples of one data set, with their pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pacl_core.artefacts.rows import take_rows
from pacl_core.artefacts.tables import read_table
from pacl_core.evaluation.features import read_features
from pacl_core.evaluation.predictions import read_predictions
from pacl_core.evaluation.summary import read_summary
from pacl_core.evaluation.tasks import read_tasks, targets
from pacl_core.examples.labels import has_classes, label_of, shown_task
from pacl_core.examples.retrieval import Labels, draw_queries, retrieval_rows, same_label_share
from pacl_core.examples.zero_shot import draw_outcomes
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

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class DataSet:
    """A stored data set: `path`, its `item_ids`, the `labels` shown (None where there is none)."""

    path: Path
    item_ids: list[str]
    labels: Labels
    classes: bool
    test: "np.ndarray[tuple[int], np.dtype[np.intp]]"


def read_dataset(path: Path) -> DataSet:
    """Ids, splits and labels, never pictures."""
    task = shown_task(read_tasks(path.with_suffix(".json")))
    names = [] if task is None else list(task.columns)
    table = read_table(path, columns=["item_id", "split", *names])
    item_ids = table["item_id"].to_pylist()
    labels = np.full(len(item_ids), None, object)
    if task is not None:
        labels[:] = [label_of(task, row) for row in targets(task, table, item_ids)]
    given = np.array([label is not None for label in labels])
    test = np.flatnonzero((np.array(table["split"].to_pylist()) == "test") & given)
    return DataSet(path, item_ids, labels, task is not None and has_classes(task), test)


def retrieval_examples(
    data: DataSet, variants: Sequence[str], params: ExamplesParams
) -> tuple[Rows, dict[str, Any]]:
    """Rows of `RETRIEVAL`, and `same_label_at_<top>` of each variant over all test items."""
    name = data.path.stem
    features = {v: read_features(Path(f"data/features/{name}-{v}"), data.path) for v in variants}
    queries = draw_queries(
        data.labels if data.classes else np.full(len(data.labels), None, object),
        data.test,
        params.count,
        params.seed,
    )
    rows = _with_pictures(
        retrieval_rows(name, queries, features, data.item_ids, data.labels, params.top), data
    )
    if not data.classes:
        return rows, {}
    shares = {v: same_label_share(own, data.labels, data.test, params.top) for v, own in features.items()}
    return rows, {f"same_label_at_{params.top}": shares, "test_items": len(data.test)}


def zero_shot_examples(
    data: DataSet, variant: str, evaluation: Path, params: ExamplesParams
) -> tuple[Rows, dict[str, Any]]:
    """Rows of `ZERO_SHOT` of the last prompt of each task (the ensemble where there is one)."""
    stem = f"{data.path.stem}-zero_shot-{variant}"
    last: dict[str, str] = {}
    tasks = read_summary(evaluation / f"{stem}.json")["tasks"]
    for name in tasks:
        plain = name.rsplit(", ", 1)[0]
        last[plain] = name if plain not in last or name.endswith(", ensemble") else last[plain]
    rows: Rows = []
    shares: dict[str, Any] = {}
    row_of = {item: row for row, item in enumerate(data.item_ids)}
    for name in last.values():
        predictions = read_predictions(evaluation / f"{stem}.parquet", name, "test")
        drawn, share = draw_outcomes(predictions, tasks[name]["task"]["classes"], params.count, params.seed)
        about = {"dataset": data.path.stem, "task": name, "variant": variant}
        rows += [about | one | {"row": row_of[one["item_id"]]} for one in drawn]
        shares[name] = share
    return _with_pictures(rows, data), shares


def _with_pictures(rows: Rows, data: DataSet) -> Rows:
    found = take_rows([data.path], {row["row"] for row in rows}, ["image"])
    return [row | {"image": found[row["row"]]["image"]} for row in rows]
