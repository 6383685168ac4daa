"""Fine-tuning of a backbone and one linear head as a method of the training engine (paper 4.4).

The head takes features at unit length, as in the linear protocol and for the same reason: AdamW moves each of
its weights by up to 1e-2 in a step, which on raw pooled features moves an output by 1e-2 times their sum. On
120 OASIS photos (EfficientNet-Lite0 at 96 pixels, BatchNorm frozen, 4 epochs, valence and arousal, two seeds,
24 test photos) R2 was -147 and -48 with raw features, 0.00 and 0.17 at unit length.
"""

import math
import shutil
from collections.abc import Callable, Sequence
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
from pacl_core.evaluation.protocols.heads import Loss, has_polarity, head_loss, polarity_consistent_loss
from pacl_core.files.json_csv import read_json, write_json
from pacl_core.files.publish import published_file
from pacl_core.models.frozen import on_device
from pacl_core.params.evaluation import FinetuneParams
from pacl_core.params.training import TrainingParams
from pacl_core.training.checkpoint import History, tensors_on_cpu
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


@dataclass(frozen=True)
class FineTuning:
    """`backbone` and `head` of `model` learn `task`; the weights of the best epoch stay in `work`.

    `features` runs the backbone. `target` [N, T] is on the model's device, `train` and `val` are rows of it.
    `views` loads images to learn from, `plain` those to validate on.
    """

    task: Task
    model: nn.ModuleDict
    features: Callable[[Tensor], Tensor]
    target: Tensor
    train: RowIds
    val: RowIds
    sample_ids: Sequence[str]
    views: Load
    plain: Load
    params: FinetuneParams
    seed: int
    work: Path

    @property
    def learning_rates(self) -> dict[str, float]:
        return {"backbone": self.params.backbone_lr, "head": self.params.head_lr}

    def warm_up(self) -> None:
        """Nothing comes before the first step."""

    def batches(self, epoch: int) -> list[Batch]:
        """A pass over the training rows; sizes differ by at most one, for BatchNorm's sake."""
        order = np.random.default_rng((self.seed, epoch)).permutation(self.train)
        per_epoch = -(-len(self.train) // self.params.batch_size)
        return [Batch({self.task.name: rows}) for rows in np.array_split(order, per_epoch)]

    def load(self, epoch: int, batch: Batch) -> list[Piece]:
        rows = batch.rows()
        return [Piece(self.views(epoch, rows), on_device(rows, str(self.target.device)))]

    def losses(self, inputs: Piece, world: World) -> Losses:
        target = self.target[inputs.rows]
        found = self.model["head"](unit_features(self.features(inputs.images)))
        return Losses({self.task.name: self._loss(found, target)})

    def evaluate(self, epoch: int) -> dict[str, float]:
        """The loss on `val`; the weights are kept if no earlier loss was as low."""
        found = outputs_of(self.model, self.plain, self.val, device=str(self.target.device))
        loss = float(self._loss(found, self.target[torch.from_numpy(self.val).to(self.target.device)]))
        if not math.isfinite(loss):
            return {}
        lowest = read_json(self.work / _BEST)["loss"] if epoch and (self.work / _BEST).exists() else math.inf
        if loss < lowest:  # of equal losses the earlier epoch is chosen
            with published_file(best_weights(self.work, epoch + 1)) as draft:
                save_file(tensors_on_cpu(self.model.state_dict()), draft)
            write_json(self.work / _BEST, {"epoch": epoch + 1, "loss": loss})
            for other in self.work.glob("*best-*.safetensors"):  # including drafts of killed runs
                if other != best_weights(self.work, epoch + 1):
                    other.unlink()
        return {"validation_loss": loss}

    def extras(self) -> dict[str, Tensor]:
        return {f"head.{name}": tensor for name, tensor in self.model["head"].state_dict().items()}

    @property
    def _loss(self) -> Loss:
        return task_loss(self.task, self.params)


def engine_params(params: FinetuneParams, seed: int) -> TrainingParams:
    """The protocol's parameters as the engine takes them."""
    return TrainingParams(
        epochs=params.epochs,
        batch_size=params.batch_size,
        weight_decay=params.weight_decay,
        batch_norm=params.batch_norm,
        seed=seed,
    )


def fit(method: FineTuning, device: str) -> Chosen:
    """Train in place; leave the weights of the best epoch in `method.work` (`best_weights`).

    After a kill it resumes after the last finished epoch, and ends with the same bits. Raises
    `UserError` where a loss is not finite, or the validation loss never is.
    """
    done = method.work / "done.json"
    if done.exists():
        return Chosen(**read_json(done))
    settings = engine_params(method.params, method.seed)
    run = Run(
        method.work,
        checkpoint_minutes=math.inf,  # after every epoch
        section="evaluate.finetune",
        label=f"{method.task.name}, seed {method.seed}: ",
    )
    learning(method.model, settings, device)
    history = train(method, settings, run, world=World(device=device))
    chosen = _chosen(history, f"task '{method.task.name}', seed {method.seed}")
    write_json(done, asdict(chosen))
    for checkpoint in method.work.glob("epoch-*"):  # several times the size of the chosen weights
        shutil.rmtree(checkpoint)
    return chosen


def _chosen(history: History, what: str) -> Chosen:
    losses = [figures.get("validation_loss") for figures in history]
    finite = [loss for loss in losses if loss is not None]
    if not finite:
        raise UserError(
            f"{what}: the validation loss was never finite; lower evaluate.finetune.backbone_lr or head_lr"
        )
    return Chosen(losses.index(min(finite)) + 1, losses)


def best_weights(work: Path, epoch: int) -> Path:
    """The file with the weights of a chosen epoch."""
    return work / f"best-{epoch:05d}.safetensors"


def task_loss(task: Task, params: FinetuneParams) -> Loss:
    """The polarity-consistent loss where it is asked for and the task has polarities, else the usual one."""
    if params.loss == "polarity_consistent" and has_polarity(task):
        return polarity_consistent_loss(task, params.polarity_weight)
    return head_loss(task)


def outputs(model: nn.ModuleDict, images: Tensor) -> Tensor:
    """Normalised images [B, 3, H, W] -> outputs [B, C] of the head."""
    found: Tensor = model["head"](unit_features(model["backbone"](images)))
    return found


def unit_features(features: Tensor) -> Tensor:
    """Features [B, D] at unit length, float32."""
    return normalize(features.float(), dim=1)


def outputs_of(model: nn.ModuleDict, load: Load, rows: RowIds, *, device: str) -> Tensor:
    """Outputs [N, C] in evaluation mode, a few images at a time; leaves the model in it."""
    model.eval()
    size = _ON_CPU if device == "cpu" else _ON_GPU
    pieces = [rows[start : start + size] for start in range(0, len(rows), size)]
    with torch.inference_mode():
        return torch.cat([outputs(model, images) for _, images in ahead(partial(load, 0), pieces)])
