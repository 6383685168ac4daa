"""A backbone as Feng et al. train it: its stage maps and features, on its device, of all ranks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from pacl_core.errors import UserError
from pacl_core.methods.feng.tasks import Network
from pacl_core.models.backbones import Backbone, stages_of
from pacl_core.params.training import TrainingParams
from pacl_core.training.depthwise import with_small_maps
from pacl_core.training.distributed import ALONE, World
from pacl_core.training.forward import learning
from pacl_core.training.sync_batch_norm import world_features


class Machine(NamedTuple):
    """How a run is carried out: threads that decode, and this process among those that train together."""

    workers: int = 1
    world: World = ALONE


HERE = Machine()


def learning_network(backbone: Backbone, params: TrainingParams, world: World) -> Network:
    """The backbone, moved to the device in place and ready to learn. Raises `UserError` without stages.

    Statistics of its normalisations are of each forward pass alone, over all ranks.
    """
    stages = stages_of(backbone)
    with torch.no_grad():
        size = backbone.preprocess.size
        channels = tuple(one.shape[1] for one in stages(torch.zeros(1, 3, size, size)))
    module = with_small_maps(learning(backbone.module, params, world.device))

    def run(forward: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
        return world_features(forward, module, backbone.dim, world=world)

    return Network(
        stages=run(stages),
        features=run(backbone.any_size or module),
        preprocess=backbone.preprocess,
        channels=channels,
        dim=backbone.dim,
        patch=backbone.patch,
    )


@contextmanager
def enough_to_normalise(what: str) -> Iterator[None]:
    """Raises `UserError`, of `what`, where a normalisation that learns has one value per channel."""
    try:
        yield
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise UserError(
            f"{what}: a batch of one image leaves a normalisation of the backbone one value per channel; "
            "batch_size and the images to train on are to be two or more"
        ) from None


def multiple_of_patch(what: str, side: int, patch: int) -> int:
    """`side`, of `what`. Raises `UserError` where it is no multiple of the backbone's patch."""
    if side % patch:
        near = max(1, round(side / patch)) * patch
        raise UserError(
            f"{what}: {side} pixels are no multiple of the backbone's patch, {patch}; take {near}"
        )
    return side


def start_anew(module: nn.Module, seed: int) -> None:
    """Give every layer new weights, by `seed`, as its kind starts; tokens, positions with deviation 0.02."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for part in module.modules():
            reset = getattr(part, "reset_parameters", None)
            if callable(reset):
                reset()
                continue
            for weight in part.parameters(recurse=False):
                nn.init.trunc_normal_(weight, std=0.02)
