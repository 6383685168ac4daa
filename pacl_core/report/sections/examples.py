"""Test images, what they retrieve before and after training, and their zero-shot predictions."""

from pathlib import Path
from typing import Any

from pacl_core.files.tables import read_table
from pacl_core.report.images import Thumbnail
from pacl_core.report.reading import Evaluated, optional_json

_QUERY, _FOUND = 112, 96

Records = list[dict[str, Any]]


def examples(artefacts: Evaluated, image: Thumbnail) -> list[dict[str, Any]] | None:
    """One entry per data set; None where the examples stage has not run."""
    metrics = optional_json(artefacts.metrics / "examples.json")
    if metrics is None:
        return None
    retrieved = _by_dataset(artefacts.examples / "retrieval.parquet")
    prompted = _by_dataset(artefacts.examples / "zero_shot.parquet")
    return [
        {
            "dataset": name,
            "same_label": _same_label(own["retrieval"]),
            "queries": _queries(retrieved.get(name, []), image),
            "zero_shot": _zero_shot(prompted.get(name, []), own["zero_shot_right"], image),
        }
        for name, own in metrics.items()
    ]


def _by_dataset(path: Path) -> dict[str, Records]:
    found: dict[str, Records] = {}
    for row in read_table(path).to_pylist() if path.is_file() else []:
        found.setdefault(row["dataset"], []).append(row)
    return found


def _same_label(metrics: dict[str, Any]) -> dict[str, Any] | None:
    """`top`, `items` and (variant, share) pairs; None of a data set without classes."""
    key = next((name for name in metrics if name.startswith("same_label_at_")), None)
    if key is None:
        return None
    shares = [(variant, share) for variant, share in metrics[key].items() if share is not None]
    return {"top": key.removeprefix("same_label_at_"), "items": metrics["test_items"], "shares": shares}


def _queries(rows: Records, image: Thumbnail) -> Records:
    """Each query with (variant, what it finds) pairs."""
    queries = {row["query"]: _shown(row, image, _QUERY) | {"found": {}} for row in rows if row["rank"] == 0}
    for row in rows:
        if row["rank"]:
            query = queries[row["query"]]
            one = _shown(row, image, _FOUND) | {"same": row["label"] == query["label"]}
            query["found"].setdefault(row["variant"], []).append(one)
    return list(queries.values())


def _zero_shot(rows: Records, shares: dict[str, dict[str, float]], image: Thumbnail) -> Records:
    """One entry per task and variant, with its right and wrong examples."""
    shown = []
    for variant, tasks in shares.items():
        for task, share in tasks.items():
            own = [row for row in rows if row["variant"] == variant and row["task"] == task]
            both = [
                (word, [_shown(row, image, _QUERY) for row in own if row["right"] == right])
                for word, right in (("right", True), ("wrong", False))
            ]
            shown.append({"variant": variant, "task": task, "share": share, "outcomes": both})
    return shown


def _shown(row: dict[str, Any], image: Thumbnail, side: int) -> dict[str, Any]:
    return row | {"image": image(row["image"], side)}
