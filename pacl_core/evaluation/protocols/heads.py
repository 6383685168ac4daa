"""Loss and predictions of a head, by the task's kind (paper 4.4)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from pacl_core.datasets.tasks import Task
from pacl_core.errors import unknown

Loss = Callable[[Tensor, Tensor], Tensor]
Prediction = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Examples:
    """`features` [N, D] and `target` [N, T] of one split, float32, on the device that fits."""

    features: Tensor
    target: Tensor


@dataclass(frozen=True)
class Heads:
    """Linear heads of S seeds: `weight` [S, C, D], `bias` [S, C]."""

    weight: Tensor
    bias: Tensor

    def outputs(self, features: Tensor) -> Tensor:
        """Outputs [S, N, C] for features [N, D]."""
        outputs = features @ self.weight.flatten(0, 1).T + self.bias.flatten()
        return outputs.view(-1, *self.bias.shape).transpose(0, 1)


def head_loss(task: Task) -> Loss:
    """`loss(outputs [B, C], target [B, T])`, a mean over the batch.

    MSE; cross-entropy, summed over the levels of a hierarchy; KL(d, softmax); binary cross-entropy, a mean
    over the classes too.
    """
    losses: dict[str, Loss] = {
        "regression": functional.mse_loss,
        "single_label": _cross_entropy,
        "hierarchical": lambda outputs, target: _joint_cross_entropy(task, outputs, target),
        "multi_label": functional.binary_cross_entropy_with_logits,
        "distribution": _kl,
    }
    if task.kind not in losses:
        raise unknown("task kind", task.kind, losses)
    return losses[task.kind]


def head_prediction(task: Task) -> Prediction:
    """Outputs [..., C] -> predictions [..., C]: values as they are, or probabilities in float64."""
    predictions: dict[str, Prediction] = {
        "regression": lambda outputs: outputs,
        "single_label": _softmax,
        "hierarchical": lambda outputs: torch.cat(
            [_softmax(outputs[..., level]) for level in task.level_slices], dim=-1
        ),
        "multi_label": lambda outputs: outputs.double().sigmoid(),
        "distribution": _softmax,
    }
    if task.kind not in predictions:
        raise unknown("task kind", task.kind, predictions)
    return predictions[task.kind]


def new_head(task: Task, features: int, target: Tensor, *, seed: int) -> torch.nn.Linear:
    """A linear head, initialised from `seed` without touching the global generator.

    A regression starts from the mean of `target` [N, T]: otherwise, with few steps, the choice of the epoch
    would depend only on the offset.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = torch.nn.Linear(features, task.outputs)
    if task.kind == "regression":
        with torch.no_grad():
            head.bias.copy_(target.mean(dim=0))
    return head.to(target.device)


def _cross_entropy(outputs: Tensor, target: Tensor) -> Tensor:
    return functional.cross_entropy(outputs, target[:, 0].long())


def _joint_cross_entropy(task: Task, outputs: Tensor, target: Tensor) -> Tensor:
    losses = [
        functional.cross_entropy(outputs[:, level], target[:, place].long())
        for place, level in enumerate(task.level_slices)
    ]
    return torch.stack(losses).sum()


def _kl(outputs: Tensor, target: Tensor) -> Tensor:
    return functional.kl_div(outputs.log_softmax(dim=1), target, reduction="batchmean")


def _softmax(outputs: Tensor) -> Tensor:
    return outputs.double().softmax(dim=-1)


def has_polarity(task: Task) -> bool:
    """Whether the loss is defined for the task: a single label, and a polarity for every class."""
    return task.kind == "single_label" and task.polarity is not None


def polarity_consistent_loss(task: Task, weight: float) -> Loss:
    """`loss(outputs [B, C], target [B, 1])`, a mean over the batch, for a task that `has_polarity`."""
    if task.polarity is None:
        raise ValueError(f"task '{task.name}' has no polarity")
    polarity_C = tuple(task.polarity)

    def loss(outputs: Tensor, target: Tensor) -> Tensor:
        wanted = target[:, 0].long()
        polarity = _on_device(polarity_C, str(outputs.device))
        apart = polarity[outputs.detach().argmax(dim=1)] != polarity[wanted]
        each = functional.cross_entropy(outputs, wanted, reduction="none")
        return (each * (1 + weight * apart)).mean()

    return loss


@cache
def _on_device(values: tuple[int, ...], device: str) -> Tensor:
    """Copied to the device once: a step that copies them waits for what runs there."""
    with torch.inference_mode(False):  # usable where gradients are computed, whoever asks first
        return torch.tensor(values, device=device)
