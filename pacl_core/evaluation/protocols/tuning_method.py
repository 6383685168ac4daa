"""Fine-tuning of one or several networks on a task as a method of the training engine (paper 4.4)."""

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import normalize

from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.evaluation.protocols.heads import Loss
from pacl_core.files.json_csv import read_json, write_json
from pacl_core.files.publish import published_file
from pacl_core.models.backbones import Backbone
from pacl_core.models.frozen import on_device
from pacl_core.params.training import TrainingParams
from pacl_core.training.checkpoint import History, tensors_on_cpu
from pacl_core.training.depthwise import with_small_maps
from pacl_core.training.distributed import World
from pacl_core.training.forward import learning
from pacl_core.training.loop import Run, train
from pacl_core.training.method import Batch, Losses, RowIds
from pacl_core.training.pixels import ahead

Load = Callable[[int, RowIds], Tensor]  # (epoch, rows [B]) -> [B, 3, H, W] on the device

# images at once without gradients: more do not fit the cache of a CPU, fewer leave a GPU idle
_ON_CPU, _ON_GPU = 16, 128
_BEST = "best.json"


@dataclass(frozen=True)
class Chosen:
    """The epoch with the lowest validation loss, counted from 1; the losses of all, None where not finite."""

    epoch: int
    losses: list[float | None]

    @property
    def loss(self) -> float:
        """The validation loss of the chosen epoch."""
        found = self.losses[self.epoch - 1]
        assert found is not None
        return found


class Piece(NamedTuple):
    """A step's images [B, 3, H, W] and rows of the target [B], on the device."""

    images: Tensor
    rows: Tensor


class Headed(nn.ModuleDict):
    """A backbone and a linear head over its features, which are divided by their length where `unit` says so.

    Normalised images [B, 3, H, W] -> outputs [B, C].
    """

    def __init__(self, backbone: nn.Module, head: nn.Module, *, unit: bool) -> None:
        super().__init__({"backbone": backbone, "head": head})
        self.unit = unit

    def forward(self, images: Tensor) -> Tensor:
        return self.outputs(self["backbone"](images))

    def outputs(self, features: Tensor) -> Tensor:
        """Features [B, D] of the backbone -> outputs [B, C]; the head computes in float32."""
        given = features.float()
        found: Tensor = self["head"](normalize(given, dim=1) if self.unit else given)
        return found


@dataclass(frozen=True)
class Template:
    """A backbone on a device, and the weights that every run begins at."""

    backbone: Backbone
    start: Mapping[str, Tensor]

    @classmethod
    def of(cls, backbone: Backbone, device: str) -> "Template":
        """Moves its module there, ready to learn fast."""
        with_small_maps(backbone.module.to(device).to(memory_format=torch.channels_last))
        return cls(backbone, {name: tensor.clone() for name, tensor in backbone.module.state_dict().items()})

    def headed(self, head: nn.Module, *, unit: bool) -> Headed:
        """The one backbone with its first weights and a head; an earlier result is of no use then."""
        self.backbone.module.load_state_dict(self.start)
        return Headed(self.backbone.module, head, unit=unit)


@dataclass(frozen=True)
class Networks:
    """What learns a task. `model`: all that learns, by part; `student`: what predicts, and is kept.

    `terms`: of normalised images and their targets, the summands of the loss by name. `loss`: of the
    student's outputs, by which validation chooses.
    """

    model: nn.ModuleDict
    student: Headed
    learning_rates: Mapping[str, float]
    terms: Callable[[Tensor, Tensor], Mapping[str, Tensor]]
    loss: Loss


@dataclass(frozen=True)
class FineTuning:
    """`networks` learn `task`; the student's weights of the best epoch stay in `work`.

    `target` [N, T] is on the device of the networks, `train` and `val` are rows of it. `views` loads images
    to learn from, `plain` those to validate on. `section` is what messages call that of the parameters.
    """

    task: Task
    networks: Networks
    target: Tensor
    train: RowIds
    val: RowIds
    sample_ids: Sequence[str]
    views: Load
    plain: Load
    settings: TrainingParams
    section: str
    work: Path

    @property
    def model(self) -> nn.ModuleDict:
        return self.networks.model

    @property
    def learning_rates(self) -> Mapping[str, float]:
        return self.networks.learning_rates

    def warm_up(self) -> None:
        """Nothing comes before the first step."""

    def batches(self, epoch: int) -> list[Batch]:
        """A pass over the training rows; sizes differ by at most one, for BatchNorm's sake."""
        order = np.random.default_rng((self.settings.seed, epoch)).permutation(self.train)
        per_epoch = -(-len(self.train) // self.settings.batch_size)
        return [Batch({self.task.name: rows}) for rows in np.array_split(order, per_epoch)]

    def load(self, epoch: int, batch: Batch) -> list[Piece]:
        rows = batch.rows()
        return [Piece(self.views(epoch, rows), on_device(rows, str(self.target.device)))]

    def losses(self, inputs: Piece, world: World) -> Losses:
        return Losses(self.networks.terms(inputs.images, self.target[inputs.rows]))

    def evaluate(self, epoch: int) -> dict[str, float]:
        """The student's loss on `val`; its weights are kept if no earlier loss was as low."""
        student, device = self.networks.student, self.target.device
        found = outputs_of(student, self.plain, self.val, device=str(device))
        loss = float(self.networks.loss(found, self.target[torch.from_numpy(self.val).to(device)]))
        if not math.isfinite(loss):
            return {}
        lowest = read_json(self.work / _BEST)["loss"] if epoch and (self.work / _BEST).exists() else math.inf
        if loss < lowest:  # of equal losses the earlier epoch is chosen
            with published_file(best_weights(self.work, epoch + 1)) as draft:
                save_file(tensors_on_cpu(student.state_dict()), draft)
            write_json(self.work / _BEST, {"epoch": epoch + 1, "loss": loss})
            for other in self.work.glob("*best-*.safetensors"):  # including drafts of killed runs
                if other != best_weights(self.work, epoch + 1):
                    other.unlink()
        return {"validation_loss": loss}

    def extras(self) -> dict[str, Tensor]:
        head = self.networks.student["head"]
        return {f"head.{name}": tensor for name, tensor in head.state_dict().items()}


def fit(method: FineTuning, device: str) -> Chosen:
    """Train in place; leave the weights of the best epoch in `method.work` (`best_weights`).

    After a kill it resumes after the last finished epoch, and ends with the same bits. Raises
    `UserError` where a loss is not finite, or the validation loss never is.
    """
    done = method.work / "done.json"
    if done.exists():
        return Chosen(**read_json(done))
    settings = method.settings
    run = Run(
        method.work,
        checkpoint_minutes=math.inf,  # after every epoch
        section=method.section,
        label=f"{method.task.name}, seed {settings.seed}: ",
        points=False,
    )
    learning(method.model, settings, device)
    history = train(method, settings, run, world=World(device=device))
    chosen = _chosen(history, f"task '{method.task.name}', seed {settings.seed}", method.section)
    write_json(done, asdict(chosen))
    for checkpoint in method.work.glob("epoch-*"):  # several times the size of the chosen weights
        shutil.rmtree(checkpoint)
    return chosen


def _chosen(history: History, what: str, section: str) -> Chosen:
    losses = [figures.get("validation_loss") for figures in history]
    finite = [loss for loss in losses if loss is not None]
    if not finite:
        raise UserError(
            f"{what}: the validation loss was never finite; lower the learning rates in '{section}'"
        )
    return Chosen(losses.index(min(finite)) + 1, losses)


def best_weights(work: Path, epoch: int) -> Path:
    """The file with the weights of a chosen epoch."""
    return work / f"best-{epoch:05d}.safetensors"


def outputs_of(model: nn.Module, load: Load, rows: RowIds, *, device: str) -> Tensor:
    """Outputs [N, C] in evaluation mode, a few images at a time; leaves the model in it."""
    model.eval()
    size = _ON_CPU if device == "cpu" else _ON_GPU
    pieces = [rows[start : start + size] for start in range(0, len(rows), size)]
    with torch.inference_mode():
        return torch.cat([model(images) for _, images in ahead(partial(load, 0), pieces)])
