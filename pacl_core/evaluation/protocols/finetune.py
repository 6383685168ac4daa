"""The fine-tuning protocol (paper 4.4): the whole backbone and a linear head, a run per task, seed and fold.

The head takes features at unit length, as in the linear protocol and for the same reason: AdamW moves each of
its weights by up to 1e-2 in a step, which on raw pooled features moves an output by 1e-2 times their sum. On
120 OASIS photos (EfficientNet-Lite0 at 96 pixels, BatchNorm frozen, 4 epochs, valence and arousal, two seeds,
24 test photos) R2 was -147 and -48 with raw features, 0.00 and 0.17 at unit length.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.predictions import Outcome
from pacl_core.evaluation.protocols.heads import (
    Loss,
    has_polarity,
    head_loss,
    new_head,
    polarity_consistent_loss,
)
from pacl_core.evaluation.protocols.tuned_runs import Workplace, run_all
from pacl_core.evaluation.protocols.tuning_method import Headed, Networks, Template
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.saved import load_model
from pacl_core.params.evaluation import FinetuneParams
from pacl_core.params.training import TrainingParams
from pacl_core.training.distributed import World
from pacl_core.training.forward import backbone_features


def run(
    tasks: Sequence[Task],
    dataset: Path,
    model: Path,
    *,
    params: FinetuneParams,
    excluded: Collection[str],
    place: Workplace,
) -> list[Outcome]:
    """Predictions of every task by the saved model in the folder `model`: see `tuned_runs.run_all`."""
    recipe = _Finetune(Template.of(load_model(model), place.device), params, place.device)
    return run_all(tasks, dataset, recipe, excluded=excluded, place=place)


@dataclass(frozen=True)
class _Finetune:
    """One backbone and its head, with AdamW and a rate for each."""

    template: Template
    params: FinetuneParams
    device: str

    @property
    def section(self) -> str:
        return "evaluate.finetune"

    @property
    def preprocess(self) -> Preprocess:
        return self.template.backbone.preprocess

    def settings(self, seed: int) -> TrainingParams:
        return engine_params(self.params, seed)

    def networks(self, task: Task, target: Tensor, seed: int) -> Networks:
        headed = self.template.headed(
            new_head(task, self.template.backbone.dim, target, seed=seed), unit=True
        )
        features = backbone_features(
            headed["backbone"],
            self.template.backbone.dim,
            self.settings(seed),
            world=World(device=self.device),
        )
        return alone(task, headed, self.params, features=features)

    def notes(self, task: Task) -> dict[str, Any]:
        """Whether the loss is the polarity-consistent one, where that is asked for."""
        asked = self.params.loss == "polarity_consistent"
        return {"polarity_consistent": has_polarity(task)} if asked else {}


def engine_params(params: FinetuneParams, seed: int) -> TrainingParams:
    """The protocol's parameters as the engine takes them."""
    return TrainingParams(
        epochs=params.epochs,
        batch_size=params.batch_size,
        weight_decay=params.weight_decay,
        batch_norm=params.batch_norm,
        seed=seed,
    )


def alone(
    task: Task, headed: Headed, params: FinetuneParams, *, features: Callable[[Tensor], Tensor]
) -> Networks:
    """One network and the task's loss; `features` runs the backbone to learn."""
    loss = task_loss(task, params)

    def terms(images: Tensor, target: Tensor) -> dict[str, Tensor]:
        return {task.name: loss(headed.outputs(features(images)), target)}

    rates = {"backbone": params.backbone_lr, "head": params.head_lr}
    return Networks(model=headed, student=headed, learning_rates=rates, terms=terms, loss=loss)


def task_loss(task: Task, params: FinetuneParams) -> Loss:
    """The polarity-consistent loss where it is asked for and the task has polarities, else the usual one."""
    if params.loss == "polarity_consistent" and has_polarity(task):
        return polarity_consistent_loss(task, params.polarity_weight)
    return head_loss(task)
