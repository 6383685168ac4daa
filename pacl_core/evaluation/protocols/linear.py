"""The linear protocol (paper 4.4): one linear layer over stored features of the frozen backbone.

AdamW (weight decay at its default, 0.01), cosine decay over the whole run, 40 epochs of batches of 64. The
epoch with the lowest loss on the validation split is kept.

Features are divided by their length, for every variant alike. The paper names no scaling; but AdamW moves
every weight by up to the learning rate, so at 1e-2 the first steps move an output by 1e-2 times the sum
of an image's features, which is hundreds for raw pooled features, and a few hundred images leave too few
steps to recover: on 637 emoji (EfficientNet-Lite0, valence) R2 was -1.8 to -2.3 with raw features, worse
still when standardised, and -0.2 to 0.0 at unit length, where ridge regression reached -0.1 to 0.1.
A regression's bias starts at the training mean, which took the embedded data set's R2 from -0.09 to 0.02
(ridge regression: 0.04).

The heads of all seeds are fitted together. Their losses are summed and AdamW works element by element, so
each head takes the steps that it would take alone.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pacl_core.datasets.task_data import TaskData
from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.evaluation.predictions import Outcome, Predictions, over_folds
from pacl_core.evaluation.protocols.downstream_data import DownstreamData
from pacl_core.evaluation.protocols.heads import Examples, Heads, Loss, head_loss, head_prediction, new_head
from pacl_core.evaluation.protocols.probes import fit_convex
from pacl_core.models.precision import full_float32
from pacl_core.params.evaluation import LinearParams
from pacl_core.runtime.threads import one_thread


@dataclass(frozen=True)
class Fitted:
    """Heads of the chosen epochs (counted from 1), one per seed, and their validation losses."""

    heads: Heads
    epochs: list[int]
    losses: list[float]


def run(
    tasks: Sequence[Task], downstream: DownstreamData, params: LinearParams, *, device: str
) -> list[Outcome]:
    """An outcome per task.

    Of a data set with folds, heads are fitted and chosen for each fold. Features are used as those of test
    items only after every head of every task is fitted and chosen. Raises
    `UserError` naming an item whose features are zero or not finite.
    """
    fitted = []
    for task in tasks:
        for own in downstream.rounds(task):
            train, val = (downstream.examples(own, split, device) for split in ("train", "val"))
            heads, chosen = fit(task, train, val, params=params)
            fitted.append((own, heads, _predicted(own, "val", heads, features=val.features), chosen))
    outcomes: dict[str, list[Outcome]] = {}
    for own, heads, on_val, chosen in fitted:
        test = downstream.examples(own, "test", device)
        on_test = _predicted(own, "test", heads, features=test.features)
        outcomes.setdefault(own.task.name, []).append(Outcome(own.task, [on_val, on_test], chosen))
    return [over_folds(of_task) for of_task in outcomes.values()]


def fit(task: Task, train: Examples, val: Examples, *, params: LinearParams) -> tuple[Heads, dict[str, Any]]:
    """Heads of the task, one per seed or a convex probe, and what validation chose, as JSON."""
    full_float32()
    if params.probe == "convex":
        return fit_convex(task, train, val)
    fitted = fit_heads(task, train, val, params=params, seeds=range(params.seeds))
    return fitted.heads, {"epochs": fitted.epochs, "validation_loss": fitted.losses}


def fit_heads(
    task: Task, train: Examples, val: Examples, *, params: LinearParams, seeds: Collection[int]
) -> Fitted:
    """Train one head per seed, side by side. A seed sets its head's first weights and order of batches."""
    loss_of = head_loss(task)
    new = [new_head(task, train.features.shape[1], train.target, seed=seed) for seed in seeds]
    heads = Heads(
        torch.stack([one.weight.detach() for one in new]).requires_grad_(),
        torch.stack([one.bias.detach() for one in new]).requires_grad_(),
    )
    steps = params.epochs * -(-len(train.features) // params.batch_size)
    optimiser = torch.optim.AdamW([heads.weight, heads.bias], lr=params.lr, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=steps)
    orders = [torch.Generator().manual_seed(seed) for seed in seeds]
    best = _Best(heads)
    with one_thread():
        for epoch in range(1, params.epochs + 1):
            for rows_SB in _shuffled(train, orders, params.batch_size):
                optimiser.zero_grad()
                torch.autograd.backward(_sum_of_losses(loss_of, heads, train, rows_SB=rows_SB))
                optimiser.step()
                schedule.step()
            with torch.no_grad():
                outputs_SNC = heads.outputs(val.features)
                best.update(epoch, torch.stack([loss_of(one, val.target) for one in outputs_SNC]))
    return best.fitted(task)


def _shuffled(train: Examples, orders: list[torch.Generator], batch_size: int) -> Iterator[Tensor]:
    """Rows [S, B] of each step of one epoch, each seed in its own order."""
    rows_SN = torch.stack([torch.randperm(len(train.features), generator=order) for order in orders])
    yield from torch.split(rows_SN.to(train.features.device), batch_size, dim=1)


def _sum_of_losses(loss_of: Loss, heads: Heads, train: Examples, *, rows_SB: Tensor) -> Tensor:
    """Losses are means over equally many items for each seed, so their sum is S times the mean over all."""
    x_SBD = train.features.index_select(0, rows_SB.flatten()).view(*rows_SB.shape, -1)
    # weights on the left: their gradient then comes in their own layout, which halves a step on a CPU
    outputs_SCB = torch.bmm(heads.weight, x_SBD.mT) + heads.bias[:, :, None]
    loss: Tensor = loss_of(outputs_SCB.mT.flatten(0, 1), train.target[rows_SB.flatten()])
    return loss * len(rows_SB)


class _Best:
    """Per seed, the head with the lowest validation loss so far; among equals the earliest."""

    def __init__(self, heads: Heads) -> None:
        self._now = heads
        self._kept = Heads(heads.weight.detach().clone(), heads.bias.detach().clone())
        self._losses = torch.full((len(heads.bias),), torch.inf, device=heads.bias.device)
        self._epochs = torch.zeros(len(heads.bias), dtype=torch.int64, device=heads.bias.device)

    def update(self, epoch: int, losses: Tensor) -> None:
        """`losses` [S] of the heads as they are after `epoch`."""
        better = losses < self._losses
        self._losses = torch.where(better, losses, self._losses)
        self._epochs[better] = epoch
        self._kept.weight[better] = self._now.weight.detach()[better]
        self._kept.bias[better] = self._now.bias.detach()[better]

    def fitted(self, task: Task) -> Fitted:
        if not bool(self._epochs.all()):
            raise UserError(
                f"task '{task.name}': the validation loss was never finite; lower evaluate.linear.lr"
            )
        return Fitted(self._kept, self._epochs.tolist(), self._losses.tolist())


def _predicted(own: TaskData, split: str, heads: Heads, *, features: Tensor) -> Predictions:
    rows = own.rows[split]
    prediction = head_prediction(own.task)(heads.outputs(features)).double().cpu().numpy()
    item_ids = [own.item_ids[row] for row in rows]
    return Predictions(own.task.name, split, item_ids, own.target[rows], prediction)
