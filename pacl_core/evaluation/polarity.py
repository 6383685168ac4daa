"""The polarity-consistent cross-entropy: a mistake across polarities costs more (paper Table 2).

PACL's Table 2 combines it with PDANet's polarity-consistent loss, which is for regression (Zhao et al., MM
2019). The form for classes is that of the same group's VAANet (Zhao et al., AAAI 2020):

    L = -1/N sum_i (1 + w g(c_i, y_i)) log p_i[y_i],    c_i = argmax p_i,

with g = 1 where c_i and y_i differ in polarity, else 0, and w = 0.5 in their experiments. g has no gradient.
"""

import torch
from torch import Tensor
from torch.nn import functional

from pacl_core.evaluation.heads import Loss
from pacl_core.evaluation.tasks import Task


def has_polarity(task: Task) -> bool:
    """Whether the loss has a meaning for the task: a single label, and a polarity for every class."""
    return task.kind == "single_label" and task.polarity is not None


def polarity_consistent_loss(task: Task, weight: float) -> Loss:
    """`loss(outputs [B, C], target [B, 1])`, a mean over the batch, for a task that `has_polarity`."""
    if task.polarity is None:
        raise ValueError(f"task '{task.name}' has no polarity")
    polarity_C = torch.tensor(task.polarity)

    def loss(outputs: Tensor, target: Tensor) -> Tensor:
        wanted = target[:, 0].long()
        polarity = polarity_C.to(outputs.device)
        apart = polarity[outputs.detach().argmax(dim=1)] != polarity[wanted]
        each = functional.cross_entropy(outputs, wanted, reduction="none")
        return (each * (1 + weight * apart)).mean()

    return loss
