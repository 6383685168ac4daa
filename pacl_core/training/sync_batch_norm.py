"""Batch normalisation whose statistics are right: of all ranks, and on a CPU."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm
from torch.overrides import TorchFunctionMode

from pacl_core.training.distributed import World


def world_features(
    features: Callable[[Tensor], Any], module: nn.Module, dim: int, *, world: World
) -> Callable[[Tensor], Any]:
    """`features` [B, 3, H, W] -> [B, dim] of a rank, whose slice may be empty; `module` runs in it.

    They may give more than features where no slice is empty.

    Statistics that update are those of all ranks. (torch's SyncBatchNorm is for GPUs only, and would
    have to take the place of each library's own layers.) Of one process on a CPU they are ours too.
    """
    if world.alone and world.device != "cpu":
        return features
    norms = [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]

    def of_rank(images: Tensor) -> Any:
        if any(norm.training for norm in norms):
            # also without images: the other ranks wait for this one's sums
            with _OfImages() if world.alone else _Synchronised(world):
                return features(images)
        # many a transformer cannot take a batch of none
        return features(images) if len(images) else images.new_zeros(0, dim)

    return of_rank


class _OfImages(TorchFunctionMode):
    """Every call of torch's `batch_norm` on images in here that takes statistics is `_ByCells`.

    torch adds up channels-last images one value after the other in float32: on [64, 96, 28, 28] its means
    are off by 3e-6, and by percents where there are more values, and depend on the number of threads. In
    contiguous memory they are right, but a forward and backward pass of a network, with the copies there
    and back, spends half of its time on them.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is not batch_norm or not kwargs["training"] or args[0].ndim != 4:
            return func(*args, **kwargs)
        call = _Call(*args, **kwargs)
        if call.input.numel() <= call.input.shape[1]:
            return func(*args, **kwargs)  # which refuses one value per channel
        found: Tensor
        found, mean_C, variance_C = _ByCells.apply(call.input, call.weight, call.bias, call.eps)
        count = call.input.numel() // call.input.shape[1]
        _update(call, mean_C, variance_C * (count / (count - 1)))
        return found


class _ByCells(torch.autograd.Function):
    """Images [B, C, H, W] normalised per channel, with mean and variance; in memory [B H W, C].

    Sums go down the columns, so that each is of one thread, in pieces (torch's cascade). Numbers smaller than
    float32 are computed as float32.
    """

    @staticmethod
    def forward(
        ctx: Any, images: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        cells = _cells(images)
        if cells.dtype in (torch.bfloat16, torch.float16):
            cells = cells.float()
        mean_C = cells.sum(0) / len(cells)
        around = cells - mean_C
        variance_C = around.square().sum(0) / len(cells)
        scale_C = (variance_C + eps).rsqrt()
        whole_C = scale_C if weight is None else scale_C * weight
        # no view, as layers change it in place
        found = torch.empty_like(images, dtype=cells.dtype, memory_format=torch.channels_last)
        if bias is None:
            torch.mul(around, whole_C, out=_cells(found))
        else:
            torch.addcmul(bias, around, whole_C, out=_cells(found))
        ctx.save_for_backward(around, scale_C, whole_C)
        ctx.mark_non_differentiable(mean_C, variance_C)
        return found.to(images.dtype), mean_C, variance_C

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        given, (around, scale_C, whole_C) = gradients[0], ctx.saved_tensors
        cells = _cells(given).to(around.dtype)
        bias_C = cells.sum(0)
        along_C = (cells * around).sum(0)
        of_images = None
        if ctx.needs_input_grad[0]:
            shift_C, slope_C = (sums * whole_C / -len(cells) for sums in (bias_C, along_C * scale_C.square()))
            of_cells = torch.addcmul(shift_C, cells, whole_C).addcmul_(around, slope_C)
            of_images = _images(of_cells.to(given.dtype), given.shape)
        of_weight, of_bias = (
            sums if needed else None
            for sums, needed in zip((along_C * scale_C, bias_C), ctx.needs_input_grad[1:3], strict=True)
        )
        return of_images, of_weight, of_bias, None


def _cells(images: Tensor) -> Tensor:
    """[B, C, H, W] as [B H W, C]: of channels-last images a view."""
    return images.permute(0, 2, 3, 1).reshape(-1, images.shape[1])


def _images(cells: Tensor, shape: torch.Size) -> Tensor:
    """[B H W, C] as channels-last images of this shape: a view."""
    count, channels, high, wide = shape
    return cells.view(count, high, wide, channels).permute(0, 3, 1, 2)


class _Synchronised(TorchFunctionMode):
    """Every call of torch's `batch_norm` in here that takes statistics takes those of all ranks."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is batch_norm and kwargs["training"]:
            return _batch_norm(self.world, _Call(*args, **kwargs))
        return func(*args, **kwargs)


class _Call(NamedTuple):
    """The arguments of torch's `batch_norm`, by its names."""

    input: Tensor
    running_mean: Tensor | None
    running_var: Tensor | None
    weight: Tensor | None = None
    bias: Tensor | None = None
    training: bool = False
    momentum: float = 0.1
    eps: float = 1e-5


def _batch_norm(world: World, call: _Call) -> Tensor:
    """`call.input` [B, C, ..] normalised by mean and variance per channel over all ranks."""
    images, weight, bias = call.input, call.weight, call.bias
    per_channel = (1, -1, *(1 for _ in images.shape[2:]))
    over = [axis for axis in range(images.ndim) if axis != 1]
    values = images.float()
    here = values.numel() // values.shape[1]
    mean_C = values.sum(over) / max(here, 1)
    squares_C = (values - mean_C.view(per_channel)).square().sum(over)
    count = values.new_full((1,), here)
    of_ranks = world.gather(torch.cat([mean_C, squares_C, count])[None], world.count)
    mean_RC, squares_RC, count_R1 = torch.split(of_ranks, [len(mean_C), len(mean_C), 1], dim=1)
    total = count_R1.sum()
    mean_C = (count_R1 * mean_RC).sum(0) / total
    # squares around the common mean, from those around each rank's own (Chan et al. 1983)
    squares_C = (squares_RC + count_R1 * (mean_RC - mean_C).square()).sum(0)
    scale_C = (squares_C / total + call.eps).rsqrt()
    _update(call, mean_C, squares_C / (total - 1).clamp(min=1))
    if weight is not None:
        scale_C = scale_C * weight
    normalised = (values - mean_C.view(per_channel)) * scale_C.view(per_channel)
    if bias is not None:
        normalised = normalised + bias.view(per_channel)
    return normalised.to(images.dtype)


@torch.no_grad()
def _update(call: _Call, mean_C: Tensor, variance_C: Tensor) -> None:
    """Move the running statistics, if the layer keeps any, towards these."""
    if call.running_mean is not None and call.running_var is not None:
        call.running_mean.lerp_(mean_C.to(call.running_mean.dtype), call.momentum)
        call.running_var.lerp_(variance_C.to(call.running_var.dtype), call.momentum)
