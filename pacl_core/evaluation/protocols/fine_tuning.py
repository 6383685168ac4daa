"""Fine-tuning of a backbone and one linear head: the steps, and the choice of the epoch (paper 4.4).

The head takes features at unit length, as in the linear protocol and for the same reason: AdamW moves every
weight of it by up to 1e-2 in a step, which on raw pooled features moves an output by 1e-2 times their sum.
On 120 OASIS photos (EfficientNet-Lite0 at 96 pixels, BatchNorm frozen, 4 epochs, valence and arousal, two
seeds, 24 test photos) R2 was -147 and -48 with raw features, 0.00 and 0.17 at unit length.
"""

import logging
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.evaluation.protocols.fine_tuning_state import Epochs, finish, finished, load_epoch, save_epoch
from pacl_core.evaluation.protocols.heads import Loss, has_polarity, head_loss, polarity_consistent_loss
from pacl_core.params.evaluation import FinetuneParams
from pacl_core.training.deterministic import deterministic
from pacl_core.training.optimiser import learning_rate_factor, set_learning_rates
from pacl_core.training.pixels import ahead

log = logging.getLogger("pacl")

Rows = NDArray[np.int64]
Load = Callable[[int, Rows], Tensor]  # (epoch, rows [B]) -> [B, 3, H, W] on the device

# images at once without gradients: more leave the cache of a CPU, and fewer leave a GPU idle
_ON_CPU, _ON_GPU = 16, 128


def fit(
    task: Task,
    model: nn.ModuleDict,
    target: Tensor,
    train: Rows,
    val: Rows,
    views: Load,
    plain: Load,
    params: FinetuneParams,
    seed: int,
    work: Path,
) -> Epochs:
    """Train `backbone` and `head` of `model` in place, leave the best epoch's weights in `work`.

    `target` [N, T] is on the model's device, `train` and `val` are rows of it; `views` loads images to
    learn from, `plain` those to validate on. The epoch with the lowest loss on `val` is chosen. Called
    again after a kill, it goes on behind the last finished epoch and ends with the same bits. Raises
    `UserError` where no epoch had a finite loss.
    """
    if (over := finished(work)) is not None:
        return over
    device = str(target.device)
    loss_of = task_loss(task, params)
    optimiser = _optimiser(model, params)
    epochs = load_epoch(work, model, optimiser)
    per_epoch = -(-len(train) // params.batch_size)
    for epoch in range(len(epochs.losses), params.epochs):
        generator = np.random.default_rng((seed, epoch))
        # sizes differ by at most one: BatchNorm has no statistics of a remainder of one image
        batches = np.array_split(generator.permutation(train), per_epoch)
        with deterministic(int(generator.integers(2**62)), device):
            model.train(params.batch_norm == "update")  # frozen keeps statistics, and dropout off
            for step, (rows, images) in enumerate(ahead(partial(views, epoch), batches)):
                factor = learning_rate_factor(epoch * per_epoch + step, params.epochs * per_epoch)
                set_learning_rates(optimiser, factor)
                optimiser.zero_grad()
                torch.autograd.backward(loss_of(outputs(model, images), target[torch.from_numpy(rows)]))
                optimiser.step()
            loss = float(loss_of(outputs_of(model, plain, val, device), target[torch.from_numpy(val)]))
        epochs = epochs.followed_by(loss if math.isfinite(loss) else None)
        save_epoch(work, epochs, model, optimiser)
        log.info(
            "%s, seed %d: epoch %d of %d, validation loss %.4f, best %d",
            *(task.name, seed, epoch + 1, params.epochs, loss, epochs.best),
        )
    if epochs.best == 0:
        raise UserError(
            f"task '{task.name}', seed {seed}: the validation loss was never finite; lower "
            "evaluate.finetune.backbone_lr or head_lr"
        )
    finish(work, epochs)
    return epochs


def task_loss(task: Task, params: FinetuneParams) -> Loss:
    """The polarity-consistent loss where it is asked for and the task has polarities, else the usual one."""
    if params.loss == "polarity_consistent" and has_polarity(task):
        return polarity_consistent_loss(task, params.polarity_weight)
    return head_loss(task)


def outputs(model: nn.ModuleDict, images: Tensor) -> Tensor:
    """Normalised images [B, 3, H, W] -> outputs [B, C] of the head."""
    found: Tensor = model["head"](normalize(model["backbone"](images).float(), dim=1))
    return found


def outputs_of(model: nn.ModuleDict, load: Load, rows: Rows, device: str) -> Tensor:
    """Outputs [N, C] in evaluation mode, a few images at a time; leaves the model in it."""
    model.eval()
    size = _ON_CPU if device == "cpu" else _ON_GPU
    pieces = [rows[start : start + size] for start in range(0, len(rows), size)]
    with torch.inference_mode():
        return torch.cat([outputs(model, images) for _, images in ahead(partial(load, 0), pieces)])


def _optimiser(model: nn.ModuleDict, params: FinetuneParams) -> torch.optim.AdamW:
    """AdamW, a rate per part; norms' scales and biases, the parameters of one dimension, do not decay."""
    groups = []
    for part, lr in (("backbone", params.backbone_lr), ("head", params.head_lr)):
        parameters = list(model[part].parameters())
        for decay, chosen in (
            (params.weight_decay, [p for p in parameters if p.ndim > 1]),
            (0.0, [p for p in parameters if p.ndim <= 1]),
        ):
            group = {"params": chosen, "lr": lr, "weight_decay": decay, "part": part, "full_lr": lr}
            groups.append(group)
    return torch.optim.AdamW([group for group in groups if group["params"]], fused=True)
