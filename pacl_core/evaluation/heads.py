"""What a head learns and what it predicts, by the task's kind (paper 4.4)."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from pacl_core.errors import unknown

Loss = Callable[[Tensor, Tensor], Tensor]


def head_loss(kind: str) -> Loss:
    """`loss(outputs [B, C], target [B, T])`: MSE, cross-entropy, or KL(d, softmax)."""
    return _of(kind)[0]


def head_prediction(kind: str) -> Callable[[Tensor], Tensor]:
    """Outputs [B, C] -> predictions [B, C]: values as they are, or probabilities."""
    return _of(kind)[1]


def _cross_entropy(outputs: Tensor, target: Tensor) -> Tensor:
    return functional.cross_entropy(outputs, target[:, 0].long())


def _kl(outputs: Tensor, target: Tensor) -> Tensor:
    return functional.kl_div(outputs.log_softmax(dim=1), target, reduction="batchmean")


def _softmax(outputs: Tensor) -> Tensor:
    return outputs.double().softmax(dim=1)


def _identity(outputs: Tensor) -> Tensor:
    return outputs


_HEADS: dict[str, tuple[Loss, Callable[[Tensor], Tensor]]] = {
    "regression": (functional.mse_loss, _identity),
    "single_label": (_cross_entropy, _softmax),
    "distribution": (_kl, _softmax),
}


def _of(kind: str) -> tuple[Loss, Callable[[Tensor], Tensor]]:
    if kind not in _HEADS:
        raise unknown("task kind", kind, _HEADS)
    return _HEADS[kind]


def new_head(kind: str, features: int, outputs: int, target: Tensor, seed: int) -> torch.nn.Linear:
    """A linear head, initialised from `seed` without touching the global generator.

    A regression starts from the mean of `target` [N, C]: with few steps, the choice of the epoch would else
    be about the offset alone.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = torch.nn.Linear(features, outputs)
    if kind == "regression":
        with torch.no_grad():
            head.bias.copy_(target.mean(dim=0))
    return head.to(target.device)
