"""The training run: epochs of steps, a checkpoint after each, the same bits after any interruption."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from pacl_core.artefacts.vectors import Vectors
from pacl_core.errors import UserError
from pacl_core.models.backbones import Backbone
from pacl_core.objective import active_partitions, scheduled_partitions
from pacl_core.params.training import TrainParams
from pacl_core.shards.read import Samples
from pacl_core.training.batches import Rows, epoch_batches, steps_in_epoch
from pacl_core.training.checkpoint import History, load_checkpoint, save_checkpoint
from pacl_core.training.deterministic import deterministic, one_thread
from pacl_core.training.meter import Meter
from pacl_core.training.optimiser import cosine, make_optimiser, set_learning_rates
from pacl_core.training.pictures import ahead, pixel_source
from pacl_core.training.projectors import make_projectors
from pacl_core.training.rank_norm import rank_features
from pacl_core.training.ranks import ALONE, Ranks
from pacl_core.training.step import add_gradients
from pacl_core.training.warmup import warm_up

log = logging.getLogger("pacl")

# fastest on a CPU: EfficientNet-Lite0 at 112 pixels did 72 images a CPU second, 56 at 8, 66 at 64, 41 at 128
CPU_PIECE = 16


@dataclass(frozen=True)
class Trained:
    """What a run leaves besides the backbone's weights.

    `projectors`: "image.weight" [dim, D_v], "text.weight" [dim, D_t]. `history`: metrics per epoch.
    `card`: a JSON value for the model card.
    """

    projectors: dict[str, Tensor]
    history: History
    card: dict[str, object]


def train(
    samples: Samples,
    backbone: Backbone,
    params: TrainParams,
    images: Vectors | None,
    work: Path,
    device: str,
    workers: int,
    group: Ranks = ALONE,
) -> Trained:
    """Enhance `backbone.module` in place (paper 3.3) and return its projectors and curves.

    `images` are the stored features of the untouched backbone, needed where `projector_warmup_steps` > 0.
    Checkpoints live in `work`; called again with the same arguments after a kill, it goes on from the last
    one and ends with the same bits. Of several ranks, each calls this on the same samples, with a `device`
    of its own; all end with the same weights. Raises `UserError` where there is nothing to train or a loss
    is not finite.
    """
    sizes = {partition: len(rows) for partition, rows in samples.rows.items()}
    plan = [active_partitions(epoch, params.epochs, params.usage, sizes) for epoch in range(params.epochs)]
    steps = [steps_in_epoch(active, sizes, params.batch_size) for active in plan]
    _announce(sizes, params, sum(steps))

    projectors = make_projectors(backbone.dim, samples.texts.shape[1], params.dim, params.seed).to(device)
    module = backbone.module.to(device).to(memory_format=torch.channels_last)
    module.requires_grad_()
    # frozen: normalisation keeps its statistics, and dropout is off too
    module.train(params.batch_norm == "update")
    both = nn.ModuleDict({"backbone": module, "projectors": projectors})
    optimiser = make_optimiser(module, projectors, params)

    with deterministic(params.seed, device), ThreadPoolExecutor(workers) as pool:
        history = load_checkpoint(work, both, optimiser, device)
        if history is None:
            history = []
            if params.projector_warmup_steps and group.first:
                if images is None:
                    raise ValueError("the warm-up of the projectors needs stored image features")
                with one_thread():
                    warm_up(projectors, samples, images, params, device)
        else:
            log.info("continuing after epoch %d of %d", len(history), params.epochs)
        group.agree("the last checkpoint", len(history))
        group.same_weights(both)
        with group.first_before_the_others():
            pixels = pixel_source(samples, backbone.preprocess, params, work, pool)
        size = backbone.preprocess.size

        def load(batches: dict[str, Rows], epoch: int) -> Tensor:
            rows = np.concatenate(list(group.own(batches).values()))
            decoded = pixels(rows, epoch) if len(rows) else np.empty((0, 3, size, size), np.uint8)
            taken = torch.from_numpy(decoded).to(device)
            return backbone.preprocess.normalise(taken).contiguous(memory_format=torch.channels_last)

        # statistics that update are of the whole step, and a GPU is fastest on all of it at once
        together = params.batch_norm == "update" or device != "cpu"
        features = rank_features(module if together else _in_pieces(module), module, backbone.dim, group)
        for epoch in range(len(history), params.epochs):
            meter = Meter(f"epoch {epoch + 1} of {params.epochs}", steps[epoch])
            if not plan[epoch]:
                scheduled = ", ".join(scheduled_partitions(epoch, params.epochs, params.usage))
                log.info("%s: nothing to train, no pairs in %s", meter.what, scheduled)
            batches = epoch_batches(plan[epoch], samples.rows, params.batch_size, epoch, params.seed)
            done = sum(steps[:epoch])
            for step, (batch, loaded) in enumerate(ahead(partial(load, epoch=epoch), batches), done):
                rates = set_learning_rates(optimiser, cosine(step, sum(steps)))
                optimiser.zero_grad()
                group.seed(params.seed, step)
                where = f"step {step} (epoch {epoch + 1})"
                losses = add_gradients(
                    features, projectors, loaded, batch, samples, params.temperature, together, where, group
                )
                group.add_up_gradients(both.parameters())
                optimiser.step()
                meter.add(losses.terms, losses.shares, rates, sum(len(rows) for rows in batch.values()))
            history.append(meter.means())
            if group.first:
                save_checkpoint(work, history, both, optimiser, device)

    module.eval()
    weights = {name: tensor.detach().cpu() for name, tensor in projectors.state_dict().items()}
    card = {
        "params": params.model_dump(),
        "samples": sizes,
        "steps": sum(steps),
        "text_dim": int(samples.texts.shape[1]),
        "torch": torch.__version__,
    }
    return Trained(weights, history, card)


def _announce(sizes: dict[str, int], params: TrainParams, steps: int) -> None:
    used = scheduled_partitions(params.epochs - 1, params.epochs, params.usage)
    if steps == 0:
        raise UserError(
            f"nothing to train: no pairs in {', '.join(used)}; lower a threshold in 'partition' or widen "
            "train.usage"
        )
    for partition in used:
        if sizes[partition] == 0:
            log.info("partition %s has no pairs: it contributes nothing", partition)
    counts = ", ".join(f"{partition} {sizes[partition]}" for partition in used)
    log.info("%s pairs; %d epochs, %d steps", counts, params.epochs, steps)


def _in_pieces(module: nn.Module) -> Callable[[Tensor], Tensor]:
    """The backbone, a few pictures at a time: right where they do not see each other."""
    return lambda images: torch.cat([module(piece) for piece in torch.split(images, CPU_PIECE)])
