"""The training run: epochs of steps, checkpoints on the way, the same bits after any interruption."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pacl_core.errors import UserError
from pacl_core.files.vectors import Vectors
from pacl_core.methods.pacl.objective import active_partitions, scheduled_partitions
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.shards.read import Samples
from pacl_core.models.backbones import Backbone
from pacl_core.runtime.threads import one_thread
from pacl_core.training.averaging import load_average, start_average
from pacl_core.training.batches import Rows, epoch_batches, steps_in_epoch
from pacl_core.training.checkpoint import History, Position, load_checkpoint, save_checkpoint
from pacl_core.training.deterministic import deterministic
from pacl_core.training.distributed import ALONE, Ranks
from pacl_core.training.holdout import hold_out
from pacl_core.training.images import pixel_source
from pacl_core.training.meter import Meter
from pacl_core.training.optimiser import learning_rate_factor, set_learning_rates
from pacl_core.training.pixels import ahead, batch_loader, decoded_source
from pacl_core.training.rebuilt import early_and_late, example_batch, keep_early, rebuilt_positives
from pacl_core.training.retrieval import held_out_recalls
from pacl_core.training.state import Learner, make_learner
from pacl_core.training.update import update
from pacl_core.training.warmup import warm_up

log = logging.getLogger("pacl")


@dataclass(frozen=True)
class Trained:
    """What a run leaves besides the backbone's weights.

    `projectors`: "image.weight" [dim, D_v], "text.weight" [dim, D_t]. `history`: metrics per epoch.
    `card`: a JSON value for the model card. `rebuilt`: examples of rebuilt positives, early and late.
    """

    projectors: dict[str, Tensor]
    history: History
    card: dict[str, object]
    rebuilt: dict[str, object]


def train(
    samples: Samples,
    backbone: Backbone,
    params: TrainParams,
    images: Vectors | None,
    work: Path,
    device: str,
    workers: int,
    checkpoint_minutes: float = 10,
    group: Ranks = ALONE,
) -> Trained:
    """Enhance `backbone.module` in place (paper 3.3) and return its projectors and curves.

    `images` are the stored features of the untouched backbone, needed where `projector_warmup_steps` > 0.
    Checkpoints live in `work`, one after each epoch and one every `checkpoint_minutes`; called again with
    the same arguments after a kill, it goes on from the last one and ends with the same bits. Of several
    ranks, each calls this on the same samples with a `device` of its own; all end with the same weights.
    Raises `UserError` where there is nothing to train, or where a loss or gradient is not finite.
    """
    rows, held = hold_out(samples, params.holdout, params.seed)
    sizes = {partition: len(own) for partition, own in rows.items()}
    plan = [active_partitions(epoch, params.epochs, params.usage, sizes) for epoch in range(params.epochs)]
    steps = [steps_in_epoch(active, sizes, params.batch_size, params.batching) for active in plan]
    _announce(sizes, len(held), params, sum(steps))
    phase = [epoch for epoch, active in enumerate(plan) if "weak" in active]
    weak = rows["weak"] if phase and group.first else rows["weak"][:0]
    shown = example_batch(weak, params.batch_size, params.seed)
    learner = make_learner(backbone, samples.texts.shape[1], params, device, group)
    preprocess = backbone.preprocess

    with deterministic(params.seed, device), ThreadPoolExecutor(workers) as pool:
        position = load_checkpoint(work, learner, device)
        if position is None:
            position = Position()
            _warm_up(learner, samples, rows["strong"], images, params, device)
        else:
            log.info("continuing after %d epochs and %d steps", len(position.history), position.steps)
        group.agree("the last checkpoint", [len(position.history), position.steps])
        with group.first_before_the_others():
            load = batch_loader(preprocess, pixel_source(samples, preprocess, params, work, pool), device)
        plain = batch_loader(preprocess, decoded_source(samples.image, preprocess, pool), device)
        saved = time.monotonic()
        for epoch in range(len(position.history), params.epochs):
            what = f"epoch {epoch + 1} of {params.epochs}"
            if not plan[epoch]:
                scheduled = ", ".join(scheduled_partitions(epoch, params.epochs, params.usage))
                log.info("%s: nothing to train, no pairs in %s", what, scheduled)
            if epoch in phase[:1] and position.steps == 0 and len(shown):
                keep_early(work, rebuilt_positives(learner, samples, shown, partial(plain, epoch)))
            meter = Meter(what, steps[epoch], position.values, position.steps)
            drawn = epoch_batches(plan[epoch], rows, params.batch_size, epoch, params.seed, params.batching)
            left = islice(drawn, position.steps, None)
            for batches, pixels in meter.waits(ahead(partial(_images, load, epoch, group), left)):
                step = sum(steps[:epoch]) + position.steps
                factor = learning_rate_factor(step, sum(steps), params.warmup_steps)
                rates = set_learning_rates(learner.optimiser, factor)
                where = f"step {step} (epoch {epoch + 1})"
                group.seed(params.seed, step)
                images_seen = sum(len(own) for own in batches.values())
                meter.add(update(learner, samples, pixels, batches, params, where), rates, images_seen)
                position.steps += 1
                due = time.monotonic() - saved >= 60 * checkpoint_minutes
                if (
                    group.first and due and position.steps < steps[epoch]
                ):  # else the epoch's own follows at once
                    save_checkpoint(work, position, learner, device)
                    saved = time.monotonic()
            looked_at = held if group.first else held[:0]
            recalls = held_out_recalls(learner, samples, looked_at, partial(plain, epoch), params.batch_size)
            position = Position([*position.history, meter.means() | recalls])
            if group.first:
                save_checkpoint(work, position, learner, device)
            saved = time.monotonic()
        late = rebuilt_positives(learner, samples, shown, partial(plain, params.epochs)) if len(shown) else []

    load_average(learner.model, learner.average)
    backbone.module.eval()
    weights = {name: tensor.detach().cpu() for name, tensor in learner.projectors.state_dict().items()}
    temperature = learner.temperature
    card = {
        "params": params.model_dump(),
        "temperature": temperature if isinstance(temperature, float) else temperature().item(),
        "samples": sizes,
        "held_out": len(held),
        "steps": sum(steps),
        "text_dim": int(samples.texts.shape[1]),
        "torch": torch.__version__,
    }
    return Trained(weights, position.history, card, early_and_late(work, shown, late))


def _images(
    load: Callable[[int, Rows], Tensor], epoch: int, group: Ranks, batches: dict[str, Rows]
) -> Tensor:
    return load(epoch, np.concatenate(list(group.own(batches).values())))


def _warm_up(
    learner: Learner,
    samples: Samples,
    strong: Rows,
    images: Vectors | None,
    params: TrainParams,
    device: str,
) -> None:
    if params.projector_warmup_steps == 0:
        return
    if images is None:
        raise ValueError("the warm-up of the projectors needs stored image features")
    if learner.group.first:
        with one_thread():
            warm_up(learner.projectors, samples, strong, images, params, device)
    learner.group.same_weights(learner.projectors)
    learner.average.update(start_average(learner.model) if learner.average else {})


def _announce(sizes: dict[str, int], held: int, params: TrainParams, steps: int) -> None:
    used = scheduled_partitions(params.epochs - 1, params.epochs, params.usage)
    if steps == 0:
        raise UserError(
            f"nothing to train: no pairs in {', '.join(used)}; lower a threshold in 'partition' or widen "
            "train.usage"
        )
    if params.warmup_steps >= steps:
        raise UserError(
            f"train.warmup_steps: {params.warmup_steps} of a run of {steps} steps; give fewer, or more epochs"
        )
    for partition in used:
        if sizes[partition] == 0:
            log.info("partition %s has no pairs: it contributes nothing", partition)
    counts = ", ".join(f"{partition} {sizes[partition]}" for partition in used)
    log.info("%s pairs, %d held out; %d epochs, %d steps", counts, held, params.epochs, steps)
