"""Runs of tuning: one per task, seed and fold, each from the same weights; the protocols bring the networks.

Neither images nor targets of the test split are used before all runs are finished and their epochs chosen. Of
a data set with folds this holds within each fold, which has runs of its own.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from pacl_core.datasets.task_data import TaskData, read_task_rounds
from pacl_core.datasets.tasks import SPLITS, Task
from pacl_core.evaluation.predictions import Outcome, Predictions, over_folds
from pacl_core.evaluation.protocols.downstream_images import unpacked_images
from pacl_core.evaluation.protocols.heads import head_prediction
from pacl_core.evaluation.protocols.tuning_method import (
    Chosen,
    FineTuning,
    Load,
    Networks,
    best_weights,
    fit,
    outputs_of,
)
from pacl_core.files.hashing import file_sha256
from pacl_core.files.json_csv import read_json
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.saved import CARD, weights_name
from pacl_core.params.evaluation import TuningParams
from pacl_core.params.training import TrainingParams
from pacl_core.runtime.scratch import versions
from pacl_core.training.method import RowIds
from pacl_core.training.pixels import ImageSource, PixelSource, batch_loader, plain_source, view_source


@dataclass(frozen=True)
class Workplace:
    """Where and how the runs are done: a torch device, decode threads, a scratch folder."""

    device: str
    workers: int
    scratch: Path


class Recipe(Protocol):
    """What learns in every run, and how. `section`: what messages call that of the parameters."""

    @property
    def section(self) -> str: ...

    @property
    def params(self) -> TuningParams: ...

    @property
    def preprocess(self) -> Preprocess: ...

    def settings(self, seed: int) -> TrainingParams:
        """The parameters as the engine takes them."""

    def networks(self, task: Task, target: Tensor, seed: int) -> Networks:
        """Networks as they are before every run, with new heads for the training items' `target` [N, T]."""

    def notes(self, task: Task) -> dict[str, Any]:
        """What the summary says of the runs of a task besides epochs and losses."""


def run_all(
    tasks: Sequence[Task], dataset: Path, recipe: Recipe, *, excluded: Collection[str], place: Workplace
) -> list[Outcome]:
    """Predictions of every task on validation and test, [seeds, N, C] each.

    `excluded` are test items to leave out. Called again after a kill it resumes from `place.scratch`, which
    must belong to these arguments only, and gives the same bits. Raises `UserError` for an empty split or
    fold, a broken image, or a loss that is not finite.
    """
    data = [read_task_rounds(task, dataset, excluded) for task in tasks]
    with ThreadPoolExecutor(place.workers) as pool:
        bench = _Bench(recipe, dataset, place, pool)
        images = partial(_images, bench, [own for of_task in data for own in of_task])
        folds = max(map(len, data))
        if folds == 1:
            rounds = [_round(bench, {number: own for number, (own,) in enumerate(data)}, show=images)]
        else:
            everything = images(SPLITS)  # each image is in every split, in one fold or another
            rounds = [
                _round(
                    replace(bench, place=replace(place, scratch=place.scratch / f"fold-{fold}")),
                    {number: of_task[fold] for number, of_task in enumerate(data) if fold < len(of_task)},
                    show=lambda splits: everything,
                )
                for fold in range(folds)
            ]
    return [over_folds([one[number] for one in rounds if number in one]) for number in range(len(tasks))]


def inputs_key(
    dataset: Path, models: Sequence[Path], params: TuningParams, *, excluded: Collection[str]
) -> dict[str, Any]:
    """What decides the results of runs on these models, besides device and code, as JSON."""
    return {
        "images": file_sha256(dataset),
        "tasks": file_sha256(dataset.with_suffix(".json")),
        "models": [[read_json(model / CARD), file_sha256(model / weights_name(model))] for model in models],
        "params": params.model_dump(),
        "excluded": sorted(excluded),
        "libraries": versions("numpy", "open_clip_torch", "pillow", "timm", "torch"),
    }


def _round(
    bench: "_Bench", data: Mapping[int, TaskData], *, show: Callable[[Sequence[str]], "_Images"]
) -> dict[int, Outcome]:
    """An outcome of each task, by its number, of one fold or the split. `show`: images of some splits."""
    learnt = show(("train", "val"))
    runs = {
        number: [
            _fit(bench, own, learnt, number=number, seed=seed) for seed in range(bench.recipe.params.seeds)
        ]
        for number, own in data.items()
    }
    tested = show(("test",))
    return {
        number: Outcome(
            own.task,
            [
                _predict(bench, own, shown, number=number, split=split, runs=runs[number])
                for split, shown in (("val", learnt), ("test", tested))
            ],
            {
                "epochs": [one.epoch for one in runs[number]],
                "validation_loss": [one.loss for one in runs[number]],
                **bench.recipe.notes(own.task),
            },
        )
        for number, own in data.items()
    }


@dataclass(frozen=True)
class _Bench:
    """What every run uses."""

    recipe: Recipe
    dataset: Path
    place: Workplace
    pool: Executor

    def work(self, number: int, seed: int) -> Path:
        """The folder of a run. Tasks are numbered, as their names may contain anything."""
        work = self.place.scratch / f"task-{number}-seed-{seed}"
        work.mkdir(parents=True, exist_ok=True)
        return work

    def networks(self, own: TaskData, seed: int) -> Networks:
        target = torch.from_numpy(own.target[own.rows["train"]]).to(self.place.device)
        return self.recipe.networks(own.task, target, seed)

    def load(self, pixels: PixelSource) -> Load:
        return batch_loader(self.recipe.preprocess, pixels, self.place.device)


@dataclass(frozen=True)
class _Images:
    """Some rows of the data set, and their images by the place among these rows."""

    rows: NDArray[np.intp]
    source: ImageSource
    plain: PixelSource

    def places(self, rows: NDArray[np.intp]) -> RowIds:
        return np.searchsorted(self.rows, rows).astype(np.int64)


def _images(bench: _Bench, data: Sequence[TaskData], splits: Sequence[str]) -> _Images:
    work = bench.place.scratch / "-".join(splits)
    work.mkdir(parents=True, exist_ok=True)
    rows = np.unique(np.concatenate([own.rows[split] for own in data for split in splits]))
    image = unpacked_images(bench.dataset, rows, work)
    source = ImageSource(image, len(rows), bench.recipe.preprocess, work, bench.pool)
    return _Images(rows, source, plain_source(source))


def _fit(bench: _Bench, own: TaskData, shown: _Images, *, number: int, seed: int) -> Chosen:
    params = bench.recipe.params
    views = view_source(shown.source, seed, crop=params.random_resized_crop, flip=params.horizontal_flip)
    method = FineTuning(
        task=own.task,
        networks=bench.networks(own, seed),
        target=torch.from_numpy(own.target[shown.rows]).to(bench.place.device),
        train=shown.places(own.rows["train"]),
        val=shown.places(own.rows["val"]),
        sample_ids=[own.item_ids[row] for row in shown.rows],
        views=bench.load(views),
        plain=bench.load(shown.plain),
        settings=bench.recipe.settings(seed),
        section=bench.recipe.section,
        work=bench.work(number, seed),
    )
    return fit(method, bench.place.device)


def _predict(
    bench: _Bench, own: TaskData, shown: _Images, *, number: int, split: str, runs: Sequence[Chosen]
) -> Predictions:
    """Predictions by the chosen weights of each seed."""
    rows = own.rows[split]
    predictions = []
    for seed, chosen in enumerate(runs):
        student = bench.networks(own, seed).student
        student.load_state_dict(load_file(best_weights(bench.work(number, seed), chosen.epoch)))
        load, places = bench.load(shown.plain), shown.places(rows)
        found = outputs_of(student, load, places, device=bench.place.device)
        predictions.append(head_prediction(own.task)(found).double().cpu().numpy())
    item_ids = [own.item_ids[row] for row in rows]
    return Predictions(own.task.name, split, item_ids, own.target[rows], np.stack(predictions))
