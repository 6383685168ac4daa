"""The backbone as training runs it: what learns, in which precision, how many images at a time."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from pacl_core.models.backbones import Backbone, FeaturesAndStages, with_stages_of
from pacl_core.models.modes import training_mode
from pacl_core.models.precision import full_float32
from pacl_core.params.models import Precision
from pacl_core.params.training import TrainingParams
from pacl_core.training.distributed import World
from pacl_core.training.sync_batch_norm import world_features

# fastest on a CPU: EfficientNet-Lite0 at 112 pixels did 72 images a CPU second, 56 at 8, 66 at 64, 41 at 128
CPU_PIECE = 16


def learning(module: nn.Module, params: TrainingParams, device: str) -> nn.Module:
    """The backbone on its device, ready to learn.

    `batch_norm: frozen` keeps statistics, and then dropout is off too.
    """
    full_float32()
    module = module.to(device).to(memory_format=torch.channels_last)
    module.requires_grad_()
    return training_mode(module, params.batch_norm)


def autocast(precision: Precision, device: str) -> torch.autocast:
    """Around what computes in `precision`; weights stay float32."""
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=precision == "bfloat16")


def one_forward(params: TrainingParams, device: str) -> bool:
    """Whether all images of a step pass the backbone at once.

    Statistics that update are of the whole step, and a GPU is fastest on all of it at once.
    """
    return params.batch_norm == "update" or device != "cpu"


def backbone_features(
    module: nn.Module, dim: int, params: TrainingParams, *, world: World, pieces: int = 1
) -> Callable[[Tensor], Tensor]:
    """`[B, 3, H, W]` normalised -> `[B, dim]`, in the precision of `params`, compiled where they ask for it.

    Of several ranks, B is this one's, which may be 0; statistics that update are those of all ranks. With
    `pieces` above 1, memory holds the activations of one piece of the images: each passes forwards once
    more on the way back (gradient caching, Gao et al. 2021).
    """
    called = torch.compile(module) if params.compile else module  # shares the weights of `module`
    run: Callable[[Tensor], Tensor] = called if one_forward(params, world.device) else _in_pieces(called)
    if params.precision == "bfloat16":
        run = _in_bfloat16(run, world.device)
    if pieces > 1:
        run = _recomputed(run, pieces)
    return world_features(run, module, dim, world=world)


def features_with_stages(backbone: Backbone, params: TrainingParams, device: str) -> FeaturesAndStages:
    """`[B, 3, H, W]` normalised -> features and stage maps, in float32, of one process."""
    run = with_stages_of(backbone)
    if one_forward(params, device):
        return world_features(run, backbone.module, backbone.dim, world=World(device=device))

    def in_pieces(images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        seen = [run(piece) for piece in torch.split(images, CPU_PIECE)]
        maps = zip(*(stages for _, stages in seen), strict=True)
        return torch.cat([features for features, _ in seen]), tuple(torch.cat(one) for one in maps)

    return in_pieces


def _in_bfloat16(run: Callable[[Tensor], Tensor], device: str) -> Callable[[Tensor], Tensor]:
    def features(images: Tensor) -> Tensor:
        with autocast("bfloat16", device):
            return run(images)

    return features


def _in_pieces(module: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The backbone, a few images at a time: right where they do not see each other."""
    return lambda images: torch.cat([module(piece) for piece in torch.split(images, CPU_PIECE)])


def _recomputed(run: Callable[[Tensor], Tensor], pieces: int) -> Callable[[Tensor], Tensor]:
    """Only the features of each piece are kept, not how they came about."""

    def features(images: Tensor) -> Tensor:
        split = images.chunk(pieces)
        found: list[Tensor] = [checkpoint(run, piece, use_reentrant=False) for piece in split]
        return torch.cat(found)

    return features
