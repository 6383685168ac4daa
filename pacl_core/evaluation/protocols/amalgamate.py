"""The amalgamation protocol (Feng et al. 3.5): a student and three specialists learn a task together.

Four networks, each with a linear head over its features, all trained by one optimiser; stage maps and logits
pull student and specialists together. Only the student is validated and predicts. Heads take features as they
are, as published: SGD's steps are as large as its gradients, unlike AdamW's in `finetune`.

Of tasks that the paper does not have (all but a single label), heads start close to the same outputs for
every image, of ratings the mean of training. With weights as large as torch draws them, outputs start more
apart than targets are, and SGD at the published rate takes many epochs to undo that. On 308 emoji
(EfficientNet-Lite0 at 64 pixels, 2 or 3 epochs), with those and with none: R2 of valence on 244 test images
-19 and -0.2, KL of shares of sentiment 0.25 and 0.12. Not none: the student begins as HP, and with its head
too both would stay the same.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.evaluation.predictions import NotApplicableError, Outcome
from pacl_core.evaluation.protocols.heads import head_loss, new_head
from pacl_core.evaluation.protocols.tuned_runs import Workplace, run_all
from pacl_core.evaluation.protocols.tuning_method import Headed, Networks, Template
from pacl_core.files.json_csv import read_json
from pacl_core.models.backbones import Backbone, FeaturesAndStages, load_backbone, with_stages_of
from pacl_core.models.preprocess import Preprocess
from pacl_core.models.saved import CARD, load_model, load_specialists
from pacl_core.params.evaluation import AmalgamateParams
from pacl_core.params.training import Momentum, Staircase, TrainingParams
from pacl_core.training.distillation import Outputs, distillation_terms
from pacl_core.training.forward import features_with_stages

SPECIALISTS = ("st", "ho", "hp")
STUDENT = "student"
SMALL = 0.01  # of the weights that torch draws


class AmalgamationSettings(TrainingParams):
    """What the engine is told: SGD, whose rate falls to a tenth after every `step_epochs`."""

    momentum: float
    step_epochs: int

    @property
    def optimiser(self) -> Momentum:
        return Momentum(self.momentum)

    @property
    def descent(self) -> Literal["step", "epoch"] | Staircase:
        return Staircase(self.step_epochs)


def check_applicable(model: Path) -> None:
    """Raises `NotApplicableError` for a saved model whose card does not name the three specialists."""
    if not set(SPECIALISTS) <= set(read_json(model / CARD).get("specialists", ())):
        raise NotApplicableError(f"{model.name} has no specialists {', '.join(SPECIALISTS)}")


def run(
    tasks: Sequence[Task],
    dataset: Path,
    model: Path,
    *,
    params: AmalgamateParams,
    excluded: Collection[str],
    place: Workplace,
) -> list[Outcome]:
    """Predictions of every task by students of the model in the folder `model`: see `tuned_runs.run_all`.

    Raises `NotApplicableError` as `check_applicable`, `UserError` also for a backbone without stage maps.
    """
    check_applicable(model)
    saved, specialists = load_model(model), load_specialists(model)
    with_stages_of(saved)
    if params.student == "initial":
        student = _initial(saved, model)
    else:
        student = saved
        student.module.load_state_dict(specialists["hp"].module.state_dict())
    backbones = {STUDENT: student}
    backbones |= {name: specialists[name] for name in SPECIALISTS if _takes_part(name, params)}
    templates = {name: Template.of(backbone, place.device) for name, backbone in backbones.items()}
    recipe = _Amalgamate(templates, params, place.device, saved.preprocess)
    return run_all(tasks, dataset, recipe, excluded=excluded, place=place)


def _takes_part(name: str, params: AmalgamateParams) -> bool:
    """Whether any term of the loss is of this specialist."""
    return bool(getattr(params.features, name)) or name in params.logits or name in params.target


def _initial(saved: Backbone, model: Path) -> Backbone:
    """The backbone as it was before all training. Raises `UserError` where its weights have changed since."""
    found = load_backbone(saved.params)
    if found.weights_sha256 != saved.weights_sha256:
        raise UserError(
            f"{saved.params.weights}: not the weights that {model.name} was trained from; train it again, or "
            "set evaluate.amalgamate.student: hp"
        )
    return found


@dataclass(frozen=True)
class _Amalgamate:
    """The student and those specialists that a term is of, each from a template of its own."""

    templates: Mapping[str, Template]
    params: AmalgamateParams
    device: str
    preprocess: Preprocess

    @property
    def section(self) -> str:
        return "evaluate.amalgamate"

    def settings(self, seed: int) -> AmalgamationSettings:
        return engine_params(self.params, seed)

    def networks(self, task: Task, target: Tensor, seed: int) -> Networks:
        # whichever networks take part, each head begins as it always does
        heads = {
            name: _first_head(
                task, template.backbone.dim, target, seed=4 * seed + (STUDENT, *SPECIALISTS).index(name)
            )
            for name, template in self.templates.items()
        }
        settings = self.settings(seed)
        return together(
            task,
            {name: template.headed(heads[name], unit=False) for name, template in self.templates.items()},
            {
                name: features_with_stages(template.backbone, settings, self.device)
                for name, template in self.templates.items()
            },
            params=self.params,
        )

    def notes(self, task: Task) -> dict[str, Any]:
        """What the student began with, and the networks that learnt with it."""
        return {"student": self.params.student, "networks": list(self.templates)}


def _first_head(task: Task, features: int, target: Tensor, *, seed: int) -> nn.Linear:
    """Random weights by `seed`: as published of a single label, else small ones."""
    head = new_head(task, features, target, seed=seed)
    if task.kind != "single_label":
        with torch.no_grad():
            head.weight.mul_(SMALL)
    return head


def engine_params(params: AmalgamateParams, seed: int) -> AmalgamationSettings:
    """The protocol's parameters as the engine takes them."""
    return AmalgamationSettings(
        epochs=params.epochs,
        batch_size=params.batch_size,
        weight_decay=params.weight_decay,
        batch_norm=params.batch_norm,
        seed=seed,
        momentum=params.momentum,
        step_epochs=params.step_epochs,
    )


def together(
    task: Task,
    headed: Mapping[str, Headed],
    looks: Mapping[str, FeaturesAndStages],
    *,
    params: AmalgamateParams,
) -> Networks:
    """A student and specialists by name, and the terms of `params`; `looks` run their backbones to learn.

    Of label distributions the logarithms of probabilities are compared, as published, else the outputs.
    """
    loss = head_loss(task)
    features = {name: stages for name, stages in params.features.model_dump().items() if stages}

    def terms(images: Tensor, target: Tensor) -> dict[str, Tensor]:
        seen, losses = {}, {}
        for name, one in headed.items():
            pooled, stages = looks[name](images)
            outputs = one.outputs(pooled)
            if name in (STUDENT, *params.target):
                losses[name] = loss(outputs, target)
            seen[name] = Outputs(stages, outputs.log_softmax(1) if task.kind == "distribution" else outputs)
        return distillation_terms(seen[STUDENT], seen, losses, features=features, logits=params.logits)

    return Networks(
        model=nn.ModuleDict(headed),
        student=headed[STUDENT],
        learning_rates=dict.fromkeys(headed, params.lr),
        terms=terms,
        loss=loss,
    )
