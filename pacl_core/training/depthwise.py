"""Depthwise convolutions whose kernel is wider than the map, as those of tiles are, learn fast on a CPU.

oneDNN has no kernel of its own for the weights' gradient there, and takes the way of large convolutions,
image by image and channel by channel: half of a jigsaw's step. Same sums here, as one product of small
matrices per channel.
"""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d


class SmallMapConv2d(nn.Conv2d):
    """A depthwise convolution of stride 1 that keeps the map's size; weights as those of `nn.Conv2d`."""

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        side = weight.shape[-1]
        learns = torch.is_grad_enabled() and weight.requires_grad
        small = input.device.type == "cpu" and input.dtype == weight.dtype and max(input.shape[-2:]) < side
        if not (learns and small) or torch.is_autocast_enabled("cpu"):
            plain: Tensor = super()._conv_forward(input, weight, bias)
            return plain
        found: Tensor = _Depthwise.apply(input, weight)
        return found if bias is None else found + bias[:, None, None]


def with_small_maps(module: nn.Module) -> nn.Module:
    """The same module, whose depthwise convolutions of that kind are now such ones. Changed in place."""
    for part in module.modules():
        if type(part) is nn.Conv2d and _fits(part):
            part.__class__ = SmallMapConv2d  # its weights, names and settings stay
    return module


def _fits(conv: nn.Conv2d) -> bool:
    high, wide = conv.kernel_size
    return (
        conv.groups == conv.in_channels == conv.out_channels
        and high == wide
        and conv.stride == conv.dilation == (1, 1)
        and conv.padding == (high // 2, high // 2)
        and high % 2 == 1
        and conv.padding_mode == "zeros"
    )


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(input, weight)
        return conv2d(input, weight, padding=weight.shape[-1] // 2, groups=len(weight))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor]:
        (given,), (input, weight) = gradients, ctx.saved_tensors
        of_input, _, _ = torch.ops.aten.convolution_backward(
            given,
            input,
            weight,
            bias_sizes=None,
            stride=[1, 1],
            padding=[weight.shape[-1] // 2] * 2,
            dilation=[1, 1],
            transposed=False,
            output_padding=[0, 0],
            groups=len(weight),
            output_mask=[ctx.needs_input_grad[0], False, False],
        )
        # [C, cells, B] and [C, B, cells]: what each cell of the output has from each of the input
        pairs = given.flatten(2).permute(1, 2, 0).contiguous() @ input.flatten(2).transpose(0, 1).contiguous()
        taps = _taps(*input.shape[-2:], side=weight.shape[-1], dtype=weight.dtype)
        return of_input, (pairs.flatten(1) @ taps).view_as(weight)


@lru_cache(maxsize=64)
def _taps(high: int, wide: int, *, side: int, dtype: torch.dtype) -> Tensor:
    """`[pairs of cells, side^2]`: 1 where the output's cell sees the input's by that weight of the kernel."""
    rows, columns = (_reached(count, side) for count in (high, wide))
    taps = torch.einsum("yvi,xuj->yxvuij", rows, columns)
    return taps.reshape((high * wide) ** 2, side * side).to(dtype)


def _reached(count: int, side: int) -> Tensor:
    """`[count, count, side]`: by which place of the kernel an output is reached from an input, in a line."""
    places = torch.arange(count)
    place = places[None, :] - places[:, None] + side // 2
    return (place[:, :, None] == torch.arange(side)).float()
