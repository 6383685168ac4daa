"""The linear protocol (paper 4.4): one linear layer over stored features of the frozen backbone.

AdamW (weight decay at its default, 0.01), cosine decay over the whole run, 40 epochs of batches of 64. The
epoch with the lowest loss on the validation split is kept.

Features are divided by their length, for every variant alike. The paper names no scaling; but AdamW moves
every weight by up to the learning rate, so at 1e-2 the first steps move an output by 1e-2 times the sum
of a picture's features, which is hundreds for raw pooled features, and a few hundred pictures leave too few
steps to recover: on 637 emoji (EfficientNet-Lite0, valence) R2 was -1.8 to -2.3 with raw features, worse
still when standardised, and -0.2 to 0.0 at unit length, where ridge regression reached -0.1 to 0.1.
A regression's bias starts at the training mean, which took the embedded data set's R2 from -0.09 to 0.02
(ridge regression: 0.04).
"""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pacl_core.evaluation.heads import head_loss, head_prediction, new_head
from pacl_core.evaluation.tasks import Task
from pacl_core.threads import one_thread


@dataclass(frozen=True)
class Recipe:
    """How a head is trained."""

    lr: float = 1e-2
    epochs: int = 40
    batch_size: int = 64


@dataclass(frozen=True)
class Examples:
    """`features` [N, D] and `target` [N, T] of one split, float32."""

    features: NDArray[np.float32]
    target: NDArray[np.float32]


@dataclass(frozen=True)
class Fitted:
    """The head of the chosen `epoch` (counted from 1) and its validation loss."""

    head: torch.nn.Linear
    epoch: int
    loss: float


def unit_length(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows [N, D] divided by their L2 norm; a row of zeros stays."""
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    return (features / np.where(norms > 0, norms, 1)).astype(np.float32)


def fit(task: Task, train: Examples, val: Examples, recipe: Recipe, seed: int, device: str = "cpu") -> Fitted:
    """Train one head. `seed` sets its initial weights and the order of batches; test items are not seen."""
    loss_of = head_loss(task.kind)
    x_ND, y_NT = _tensors(train, device)
    x_val, y_val = _tensors(val, device)
    head = new_head(task.kind, x_ND.shape[1], task.outputs, y_NT, seed)
    steps = recipe.epochs * -(-len(x_ND) // recipe.batch_size)
    optimiser = torch.optim.AdamW(head.parameters(), lr=recipe.lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=steps)
    order = torch.Generator().manual_seed(seed)
    best = Fitted(head, 0, float("inf"))
    with one_thread():
        for epoch in range(1, recipe.epochs + 1):
            shuffled = torch.randperm(len(x_ND), generator=order).to(device)
            for batch in torch.split(shuffled, recipe.batch_size):
                optimiser.zero_grad()
                torch.autograd.backward(loss_of(head(x_ND[batch]), y_NT[batch]))
                optimiser.step()
                schedule.step()
            with torch.no_grad():
                loss = float(loss_of(head(x_val), y_val))
            if loss < best.loss:
                best = Fitted(copy.deepcopy(head), epoch, loss)
    if best.epoch == 0:
        raise ValueError(f"task '{task.name}': the validation loss was never finite")
    return best


def predict(task: Task, head: torch.nn.Linear, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Predictions [N, C] of a fitted head."""
    with torch.no_grad():
        outputs = head(torch.from_numpy(features).to(head.weight.device))
        predictions: NDArray[Any] = head_prediction(task.kind)(outputs).double().cpu().numpy()
    return predictions


def _tensors(examples: Examples, device: str) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(examples.features).to(device), torch.from_numpy(examples.target).to(device)
