"""Linear heads for use: fitted as in the linear protocol, saved next to the model.

`models/pacl.heads/<data set>.safetensors` and `.json`. The protocol does not keep its heads, so these are
fitted again, by the same functions on the same features; no test item is read.
"""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from pacl_core.datasets.features import read_features, unit_length
from pacl_core.datasets.tasks import Task, read_tasks
from pacl_core.errors import UserError
from pacl_core.evaluation.protocols.downstream_data import DownstreamData
from pacl_core.evaluation.protocols.heads import Heads, head_prediction
from pacl_core.evaluation.protocols.linear import fit
from pacl_core.files.hashing import file_sha256
from pacl_core.files.json_csv import read_json, write_json
from pacl_core.files.publish import published_file
from pacl_core.inference.given import heads_folder
from pacl_core.models.saved import weights_name
from pacl_core.models.video_text import SUBJECT, TEMPORAL
from pacl_core.models.weights import check_sha256
from pacl_core.params.evaluation import LinearParams

log = logging.getLogger("pacl")

Features = NDArray[np.float32]

_REMEDY = "fit again: 'pacl head fit {}'"


@dataclass(frozen=True)
class SavedHeads:
    """The heads of one data set's tasks, and `card`, the JSON next to them."""

    dataset: str
    tasks: list[Task]
    heads: list[Heads]
    card: dict[str, Any]

    def predict(self, features: Features) -> list[dict[str, Any]]:
        """Per image, task -> value: the mean over seeds of the predictions, in the form of `readable`.

        `features` [N, D] are the model's raw pooled ones.
        """
        unit = torch.from_numpy(unit_length(features, [str(n) for n in range(len(features))], Path("images")))
        rows: list[dict[str, Any]] = [{} for _ in features]
        for task, heads in zip(self.tasks, self.heads, strict=True):
            predicted = head_prediction(task)(heads.outputs(unit)).double().mean(dim=0).numpy()
            for row, values in zip(rows, predicted, strict=True):
                row[task.name] = readable(task, values)
        return rows


def readable(task: Task, values: NDArray[np.float64]) -> Any:
    """A prediction [C] by name: numbers on the data set's own scale, probabilities by class."""
    if task.kind == "regression":
        low, high = task.scale or (0.0, 1.0)
        scaled = [low + float(value) * (high - low) for value in values]
        return scaled[0] if len(scaled) == 1 else dict(zip(task.columns, scaled, strict=True))
    if task.kind == "hierarchical":
        return {
            level.name: dict(zip(level.classes, values[part].tolist(), strict=True))
            for level, part in zip(task.levels, task.level_slices, strict=True)
        }
    return dict(zip(task.classes or task.columns, values.tolist(), strict=True))


def features_sha256(model: Path) -> str:
    """Of the weights that decide a model's features: its backbone, of a model of clips the rest too."""
    names = (weights_name(model), TEMPORAL, SUBJECT)
    whole = [file_sha256(model / name) for name in names if (model / name).is_file()]
    return whole[0] if len(whole) == 1 else hashlib.sha256("".join(whole).encode()).hexdigest()


def fit_saved_heads(model: Path, dataset: Path, features: Path, *, params: LinearParams, device: str) -> Path:
    """Fit a head per task on train items, chosen by val items; publish them and return the JSON's path.

    `dataset`: data/downstream/<name>.parquet; `features`: the folder of the model's features over it.
    Raises `UserError` where an input is missing or belongs to another run.
    """
    tasks = read_tasks(dataset.with_suffix(".json"))
    downstream = DownstreamData(dataset, read_features(features, dataset))
    tensors: dict[str, torch.Tensor] = {}
    described: list[dict[str, Any]] = []
    for number, task in enumerate(tasks):
        own = downstream.of_task(task)
        train, val = (downstream.examples(own, split, device) for split in ("train", "val"))
        heads, chosen = fit(task, train, val, params=params)
        tensors[f"{number}.weight"] = heads.weight.detach().cpu().contiguous()
        tensors[f"{number}.bias"] = heads.bias.detach().cpu().contiguous()
        counts = {"train_items": len(train.features), "val_items": len(val.features)}
        described.append({"task": task.to_json(), "chosen": chosen, **counts})
    weights = heads_folder(model) / f"{dataset.stem}.safetensors"
    with published_file(weights) as draft:
        save_file(tensors, draft)
    card = weights.with_suffix(".json")
    write_json(
        card,
        {
            "dataset": dataset.stem,
            "backbone_sha256": features_sha256(model),
            "sha256": file_sha256(weights),
            "params": params.model_dump(),
            "tasks": described,
        },
    )
    return card


def saved_heads(model: Path) -> Iterator[SavedHeads]:
    """The heads of a saved model, in name order; those fitted on other weights are skipped with a warning.

    Raises `UserError` for files that cannot be read.
    """
    cards = sorted(heads_folder(model).glob("*.json"))
    backbone = features_sha256(model) if cards else ""
    for path in cards:
        try:
            card = read_json(path)
            tasks = [Task.from_json(one["task"]) for one in card["tasks"]]
            tensors = load_file(path.with_suffix(".safetensors"))
            heads = [Heads(tensors[f"{n}.weight"], tensors[f"{n}.bias"]) for n in range(len(tasks))]
            fitted_on = card["backbone_sha256"]
            check_sha256(path.with_suffix(".safetensors"), card.get("sha256"), _REMEDY.format(path.stem))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
            raise UserError(f"{path}: no readable heads ({error!r}); delete it or fit again") from None
        if fitted_on != backbone:
            log.warning(
                "%s: left out, it was fitted on other weights; run 'pacl head fit %s' again",
                path,
                path.stem,
            )
            continue
        yield SavedHeads(path.stem, tasks, heads, card)
