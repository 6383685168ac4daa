"""A loss over stage maps, a few images at a time: same gradients, memory of one piece."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

Loss = Callable[[Sequence[Tensor], Tensor], Tensor]
"""Stage maps of some images and their targets to a summand of the loss."""


def loss_in_pieces(
    loss: Loss, head: nn.Module, *, maps: Sequence[Tensor], targets: Tensor, size: int
) -> Tensor:
    """The sum of `loss` over pieces of `size` images, a scalar; `head` holds all weights that it uses.

    The backbone is run on all images at once (normalisations see the whole batch), and is given the gradient
    of its maps. Each piece passes the head forwards and backwards before the next: there is no second
    forward, which checkpointing would need. Where no gradient is asked for, none is taken.
    """
    places = [slice(start, start + size) for start in range(0, len(targets), size)]
    weights = [weight for weight in head.parameters() if weight.requires_grad]
    if not torch.is_grad_enabled():
        parts = [loss([one[place] for one in maps], targets[place]) for place in places]
        return torch.stack(parts).sum() if parts else targets.new_zeros(())
    total: Tensor = _Pieces.apply(loss, places, targets, len(maps), *maps, *weights)
    return total


class _Pieces(torch.autograd.Function):
    """Takes the gradients during the forward pass, and hands them out in the backward one."""

    @staticmethod
    def forward(
        ctx: Any, loss: Loss, places: list[slice], targets: Tensor, count: int, *tensors: Tensor
    ) -> Tensor:
        maps, weights = tensors[:count], tensors[count:]
        of_maps = [torch.zeros_like(one) for one in maps]
        of_weights = [torch.zeros_like(weight) for weight in weights]
        total = torch.zeros((), device=maps[0].device)
        for place in places:
            with torch.enable_grad():
                piece = [one[place].detach().requires_grad_() for one in maps]
                value = loss(piece, targets[place])
                found = torch.autograd.grad(value, [*piece, *weights], allow_unused=True)
            total = total + value.detach()
            for whole, part in zip(of_maps, found, strict=False):
                if part is not None:
                    whole[place] = part
            for summed, part in zip(of_weights, found[count:], strict=True):
                if part is not None:
                    summed += part
        ctx.save_for_backward(*of_maps, *of_weights)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return (None, None, None, None, *(one * gradients[0] for one in ctx.saved_tensors))
