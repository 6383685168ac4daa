"""The engine: epochs of steps of any method, checkpoints on the way, the same bits after any interruption."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import torch

from pacl_core.errors import UserError
from pacl_core.params.training import TrainingParams
from pacl_core.runtime.settings import repeatable_products
from pacl_core.runtime.threads import one_thread
from pacl_core.training.checkpoint import History, Position, load_checkpoint, save_checkpoint
from pacl_core.training.curves import Points, keep_points, thinned
from pacl_core.training.distributed import ALONE, World
from pacl_core.training.loggers import Log, logging_to
from pacl_core.training.meter import Meter
from pacl_core.training.method import Batch, Inputs, Method
from pacl_core.training.optimiser import make_optimiser, scaling_at, set_learning_rates
from pacl_core.training.pixels import ahead
from pacl_core.training.state import TrainState, evaluating, load_average, start_average
from pacl_core.training.step import NotFiniteError, update

log = logging.getLogger("pacl")


@dataclass(frozen=True)
class Run:
    """Where and how a run is carried out, which decides nothing of its result.

    `work`: the folder of its checkpoints, saved after each epoch and every `checkpoint_minutes` within one.
    `section`: what messages call the section of its parameters. `label`: how each line of the log begins.
    `shared`: a folder for what runs on the same images have in common; `work` if None. `loggers`: who else
    gets the curves, under `name`; a resumed run gives them those of the epochs since. `points`: whether those
    of the steps are kept in `work`, for `write_curves`.
    """

    work: Path
    checkpoint_minutes: float = 10
    section: str = "train"
    label: str = ""
    shared: Path | None = None
    loggers: tuple[str, ...] = ()
    name: str = "train"
    points: bool = True


def train(method: Method[Inputs], params: TrainingParams, run: Run, *, world: World = ALONE) -> History:
    """Train `method.model` in place; returns the figures of every epoch.

    Called again with an equal method after a kill, it resumes after the last checkpoint in `run.work` and
    ends with the same bits (on a GPU as far as `deterministic` says). Of several ranks, each calls this
    with the same method on a device of its own; all end with the same weights. Raises `UserError` where the
    warm-up of the learning rate is longer than the run, and where a loss or gradient is not finite.
    """
    epochs = range(params.epochs)
    steps = [len(method.batches(epoch)) for epoch in epochs]
    if params.warmup_steps >= sum(steps):
        raise UserError(
            f"{run.section}.warmup_steps: {params.warmup_steps} of a run of {sum(steps)} steps; give fewer, "
            "or more epochs"
        )
    state = _new_state(method, params)
    loggers = run.loggers if world.first else ()
    listening = logging_to(loggers, run=run.name, params=params.model_dump())
    with deterministic(params.seed, world.device), listening as say:
        position = _begin(method, state, run, world=world)
        saved = time.monotonic()
        for epoch in epochs[len(position.history) :]:
            what = f"{run.label}epoch {epoch + 1} of {params.epochs}"
            meter = Meter(what, steps[epoch], position.values, done=position.steps)
            load = partial(method.load, epoch)
            left = islice(method.batches(epoch), position.steps, None)
            for batch, inputs in meter.waits(ahead(load, left)):
                step = sum(steps[:epoch]) + position.steps
                rates = set_learning_rates(state.optimiser, scaling_at(step, steps, params))
                world.seed(params.seed, step)
                try:
                    scalars = update(method, state, params, inputs=inputs, world=world)
                except NotFiniteError as error:
                    message = _explained(error, batch, method.sample_ids, step=step, epoch=epoch, run=run)
                    if params.non_finite == "stop":
                        raise UserError(message) from None
                    log.warning("skipped %s", message)
                    scalars = {}
                if params.non_finite == "skip":
                    # full, not tensor: a copy to a GPU would wait for it
                    scalars["skipped_steps"] = torch.full((), float(not scalars), device=world.device)
                meter.add(scalars, rates, batch.size)
                position.steps += 1
                due = time.monotonic() - saved >= 60 * run.checkpoint_minutes
                # the last step of an epoch is followed by the epoch's own checkpoint
                if world.first and due and position.steps < steps[epoch]:
                    save_checkpoint(run.work, position, state, device=world.device)
                    saved = time.monotonic()
            points = thinned(position.values, start=sum(steps[:epoch]), steps=steps[epoch])
            figures = meter.means()
            if world.first:
                with evaluating(state):
                    figures |= method.evaluate(epoch)
                if run.points:
                    keep_points(run.work, epoch, points)
                _log(say, points, figures, step=sum(steps[: epoch + 1]))
            position = Position([*position.history, figures])
            if world.first:
                save_checkpoint(run.work, position, state, device=world.device)
            saved = time.monotonic()
    load_average(state.model, state.average)
    state.model.eval()
    return position.history


def _log(say: Log, points: Points, figures: dict[str, float], *, step: int) -> None:
    """An epoch's points, and at its end what it has no points of."""
    rows: dict[int, dict[str, float]] = {}
    for name, found in points.items():
        for end, value in found:
            rows.setdefault(end, {})[name] = value
    rows.setdefault(step, {}).update({name: value for name, value in figures.items() if name not in points})
    for end, row in sorted(rows.items()):
        say(end, row)


@contextmanager
def deterministic(seed: int, device: str) -> Iterator[None]:
    """Seed torch's generators and ask for deterministic algorithms only; undone at the end.

    On the CPU a run then repeats to the bit. On a GPU it does where every layer has a deterministic kernel;
    torch warns by name of one that has none (the gradient of a max pooling, which starts a ResNet), and
    then two runs differ in the last digits.
    """
    repeatable_products()
    algorithms = torch.are_deterministic_algorithms_enabled()
    filling = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    cuda = device.startswith("cuda")
    with torch.random.fork_rng(devices=[device] if cuda else []):
        torch.manual_seed(seed)
        try:
            torch.use_deterministic_algorithms(True, warn_only=cuda)
            # filling is for finding reads of unset memory, and costs time
            torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
            yield
        finally:
            torch.use_deterministic_algorithms(algorithms)
            torch.utils.deterministic.fill_uninitialized_memory = filling  # type: ignore[attr-defined]


def _new_state(method: Method[Inputs], params: TrainingParams) -> TrainState:
    return TrainState(
        model=method.model,
        optimiser=make_optimiser(method.model, method.learning_rates, params),
        average=start_average(method.model) if params.ema is not None else {},
    )


def _begin(method: Method[Inputs], state: TrainState, run: Run, *, world: World) -> Position:
    """The state of the last checkpoint, or of a new run after its warm-up; where that is."""
    position = load_checkpoint(run.work, state, world.device)
    if position is None:
        position = Position()
        if world.first:
            with one_thread():
                method.warm_up()
        world.same_weights(state.model)
        if state.average:
            state.average.update(start_average(state.model))
    else:
        done = f"{len(position.history)} epochs and {position.steps} steps"
        log.info("%sresuming after %s", run.label, done)
    world.agree("the last checkpoint", [len(position.history), position.steps])
    return position


def _explained(
    error: NotFiniteError, batch: Batch, ids: Sequence[str], *, step: int, epoch: int, run: Run
) -> str:
    """What happened where, what to do about it, and the samples of the terms that it names."""
    parts = [name for name in error.terms if name in batch.parts] or list(batch.parts)
    named = ", ".join(ids[row] for name in parts for row in batch.parts[name])
    return (
        f"{run.label}step {step} (epoch {epoch + 1}): {error.what}; lower the learning rates in "
        f"'{run.section}', or fix what is wrong with these samples: {named}"
    )
