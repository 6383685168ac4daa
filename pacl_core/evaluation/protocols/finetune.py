"""The fine-tuning protocol (paper 4.4): the whole backbone and a linear head, a run per task and seed.

Every run begins at the saved model. Nothing of the test split, neither image nor target, is looked at
before all runs are over and their epochs chosen.
"""

from collections.abc import Collection, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn

from pacl_core.datasets.task_data import TaskData, read_task_data
from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.predictions import Outcome, Predictions
from pacl_core.evaluation.protocols.downstream_images import unpacked_images
from pacl_core.evaluation.protocols.fine_tuning import Load, Rows, fit, outputs_of
from pacl_core.evaluation.protocols.fine_tuning_state import Epochs, best_weights
from pacl_core.evaluation.protocols.heads import has_polarity, head_prediction, new_head
from pacl_core.models.backbones import Backbone
from pacl_core.models.saved import load_model
from pacl_core.params.evaluation import FinetuneParams
from pacl_core.training.pixels import (
    Images,
    PixelSource,
    batch_loader,
    cropped_source,
    flipped_source,
    plain_source,
)


def run(
    tasks: Sequence[Task],
    dataset: Path,
    model: Path,
    params: FinetuneParams,
    excluded: Collection[str],
    device: str,
    workers: int,
    scratch: Path,
) -> list[Outcome]:
    """Predictions of every task on validation and test, [seeds, N, C] each.

    `model` is the folder of a saved model, `excluded` are test items to leave out. Called again after a
    kill it goes on from `scratch`, which must belong to these arguments alone, and gives the same bits.
    Raises `UserError` for an empty split, a broken image, or a loss that is never finite.
    """
    data = [read_task_data(task, dataset, excluded) for task in tasks]
    backbone = load_model(model)
    backbone.module.to(device).to(memory_format=torch.channels_last).requires_grad_()
    with ThreadPoolExecutor(workers) as pool:
        machine = _Machine(backbone, params, device, scratch, pool)
        learnt = _images(machine, dataset, data, ("train", "val"), scratch / "learning")
        start = {name: tensor.clone() for name, tensor in backbone.module.state_dict().items()}
        runs: list[list[Epochs]] = []
        for number, own in enumerate(data):
            runs.append([])
            for seed in range(params.seeds):
                backbone.module.load_state_dict(start)
                runs[-1].append(_fit(machine, own, number, learnt, seed))
        tested = _images(machine, dataset, data, ("test",), scratch / "test")
        return [
            Outcome(
                own.task,
                [
                    _predict(machine, own, number, split, shown, runs[number])
                    for split, shown in (("val", learnt), ("test", tested))
                ],
                _chosen(own.task, params, runs[number]),
            )
            for number, own in enumerate(data)
        ]


@dataclass(frozen=True)
class _Machine:
    """What every run uses; `backbone` is on the device and changes from run to run."""

    backbone: Backbone
    params: FinetuneParams
    device: str
    scratch: Path
    pool: Executor

    def work(self, number: int, seed: int) -> Path:
        """The folder of a run. Tasks go by number: their names may hold anything."""
        work = self.scratch / f"task-{number}-seed-{seed}"
        work.mkdir(parents=True, exist_ok=True)
        return work

    def network(self, own: TaskData, seed: int) -> nn.ModuleDict:
        """The backbone as it is, and a new head."""
        target = torch.from_numpy(own.target[own.rows["train"]]).to(self.device)
        head = new_head(own.task, self.backbone.dim, target, seed=seed)
        return nn.ModuleDict({"backbone": self.backbone.module, "head": head})

    def load(self, pixels: PixelSource) -> Load:
        return batch_loader(self.backbone.preprocess, pixels, self.device)


@dataclass(frozen=True)
class _Images:
    """Some rows of the data set, their images and plain pixels by the place among these rows."""

    rows: NDArray[np.intp]
    image: Images
    plain: PixelSource

    def places(self, rows: NDArray[np.intp]) -> Rows:
        return np.searchsorted(self.rows, rows).astype(np.int64)


def _images(
    machine: _Machine, dataset: Path, data: Sequence[TaskData], splits: Sequence[str], work: Path
) -> _Images:
    work.mkdir(parents=True, exist_ok=True)
    rows = np.unique(np.concatenate([own.rows[split] for own in data for split in splits]))
    image = unpacked_images(dataset, rows, work)
    plain = plain_source(image, len(rows), machine.backbone.preprocess, work, machine.pool)
    return _Images(rows, image, plain)


def _fit(machine: _Machine, own: TaskData, number: int, shown: _Images, seed: int) -> Epochs:
    params = machine.params
    views = shown.plain
    if params.random_resized_crop:
        views = cropped_source(shown.image, machine.backbone.preprocess, seed, machine.pool)
    if params.horizontal_flip:
        views = flipped_source(views, seed)
    return fit(
        task=own.task,
        model=machine.network(own, seed),
        target=torch.from_numpy(own.target[shown.rows]).to(machine.device),
        train=shown.places(own.rows["train"]),
        val=shown.places(own.rows["val"]),
        views=machine.load(views),
        plain=machine.load(shown.plain),
        params=params,
        seed=seed,
        work=machine.work(number, seed),
    )


def _predict(
    machine: _Machine, own: TaskData, number: int, split: str, shown: _Images, runs: Sequence[Epochs]
) -> Predictions:
    """By the chosen weights of each seed."""
    rows = own.rows[split]
    predictions = []
    for seed, epochs in enumerate(runs):
        network = machine.network(own, seed)
        network.load_state_dict(load_file(best_weights(machine.work(number, seed), epochs.best)))
        found = outputs_of(network, machine.load(shown.plain), shown.places(rows), machine.device)
        predictions.append(head_prediction(own.task)(found).double().cpu().numpy())
    item_ids = [own.item_ids[row] for row in rows]
    return Predictions(own.task.name, split, item_ids, own.target[rows], np.stack(predictions))


def _chosen(task: Task, params: FinetuneParams, runs: Sequence[Epochs]) -> dict[str, Any]:
    """Per seed the epoch and its validation loss; whether the loss is the polarity-consistent one, where
    that is asked for."""
    chosen: dict[str, Any] = {
        "epochs": [epochs.best for epochs in runs],
        "validation_loss": [epochs.losses[epochs.best - 1] for epochs in runs],
    }
    if params.loss == "polarity_consistent":
        chosen["polarity_consistent"] = has_polarity(task)
    return chosen
