"""Small stored sets whose labels are a direction of their features: the same in two sets, or not."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pacl_core.datasets.tasks import Task

EMOTION = Task("emotion", "single_label", ("emotion",), ("joy", "fear", "awe"))
FEELING = Task("feeling", "single_label", ("feeling",), ("scared", "happy"))
POLARITY = Task("polarity", "single_label", ("polarity",), ("negative", "positive"))
SENTIMENT = Task("sentiment", "single_label", ("sentiment",), ("negative", "neutral", "positive"))
VA = Task("va", "regression", ("valence", "arousal"), scale=(1, 9))
OASIS = Task("oasis", "regression", ("Arousal_mean", "Valence_mean"), scale=(1, 7))
SPLITS = ("train", "train", "val", "test")


def write_set(
    folder: Path,
    name: str,
    tasks: list[Task],
    columns: dict[str, Any],
    *,
    splits: str = "official",
    images: list[str] | None = None,
) -> Path:
    """`folder`/<name>.parquet and .json. `images` names the image of each item, else it has its own; that of
    x' differs from x in one bit of the perceptual hash."""
    items = len(next(iter(columns.values())))
    shown = images or [f"{name}{row}" for row in range(items)]
    hashes = [
        int.from_bytes(sha256(one.rstrip("'").encode()).digest()[:8]) ^ one.endswith("'") for one in shown
    ]
    table = {
        "item_id": [f"{name}{row:03}" for row in range(items)],
        "split": [SPLITS[row % 4] for row in range(items)],
        "pixel_hash": shown,
        "perceptual_hash": pa.array(hashes, pa.uint64()),
    }
    for column, values in columns.items():
        kind = pa.float32() if np.asarray(values).dtype.kind == "f" else pa.int32()
        table[column] = pa.array(values, kind)
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(table), folder / f"{name}.parquet")
    described = {"name": name, "tasks": [task.to_json() for task in tasks], "splits": splits}
    (folder / f"{name}.json").write_text(json.dumps(described))
    return folder / f"{name}.parquet"


def directions(items: int, *, seed: int) -> NDArray[np.float32]:
    """Features [N, 6] of unit length."""
    x = np.random.default_rng(seed).normal(size=(items, 6)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return x
