"""One backbone out of three specialists, without labels: its stage maps become like theirs.

Ours: the paper's student learns a downstream task, which leaves no frozen features for a linear head. This
one learns the three feature terms of Eq. 4 on the pretext images; the specialists are frozen.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor, nn

from pacl_core.errors import UserError
from pacl_core.methods.feng.method import EpochBatches
from pacl_core.methods.feng.network import HERE, Machine, enough_to_normalise, learning_network
from pacl_core.methods.feng.objective import FEATURES
from pacl_core.methods.feng.stored import PretextSet
from pacl_core.methods.feng.tasks import Network
from pacl_core.methods.feng.views import MIDDLE, Pixels, Place, crop, random_place
from pacl_core.models.backbones import Backbone, stages_of
from pacl_core.models.frozen import model_input
from pacl_core.params.feng import DescentParams
from pacl_core.training.checkpoint import History
from pacl_core.training.distillation import feature_terms
from pacl_core.training.distributed import ALONE, World
from pacl_core.training.forward import autocast
from pacl_core.training.loop import Run, train
from pacl_core.training.method import Batch, Batches, LearningRate, Losses, RowIds

log = logging.getLogger("pacl")

_PLACES = 0xD157  # a stream of random numbers that is none of the batches'
_SPLITS = ("train", "val", "test")
IMAGES = "images"


@dataclass(frozen=True)
class Piece:
    """A step on the device: `inputs` [b, 3, S, S] of this rank, and its share of all images, b / B."""

    inputs: Tensor
    share: float


@dataclass(frozen=True)
class Distilling:
    """`teachers`: stage maps of the frozen specialists, by name. `rows`: to learn from; `held`: kept out.

    Rows count the images of all `sets`, one set after the other; `begins` are their first ones. No two rows
    show the same picture.
    """

    model: nn.ModuleDict
    student: Network
    teachers: Mapping[str, Callable[[Tensor], Sequence[Tensor]]]
    sets: Sequence[PretextSet]
    begins: Sequence[int]
    rows: RowIds
    held: RowIds
    params: DescentParams
    pool: Executor
    world: World

    @property
    def learning_rates(self) -> Mapping[str, LearningRate]:
        """One rate for the whole."""
        return {"backbone": self.params.lr}

    @property
    def sample_ids(self) -> Sequence[str]:
        return [name for one in self.sets for name in one.sample_ids]

    def warm_up(self) -> None:
        """Nothing: the student starts as it is."""

    def batches(self, epoch: int) -> Batches:
        """All images once, shuffled; what is no whole batch is left out."""
        seed = (self.params.seed, epoch)
        return EpochBatches({IMAGES: self.rows}, size=self.params.batch_size, seed=seed)

    def load(self, epoch: int, batch: Batch) -> list[Piece]:
        """One piece of crops at random places, mirrored half of the time."""
        share = batch.local(self.world).size / batch.size

        def place(row: int) -> Place:
            return random_place(np.random.default_rng((self.params.seed, epoch, row, _PLACES)))

        return [Piece(self._inputs(batch.seen_rows(self.world), place), share)]

    def losses(self, inputs: Piece, world: World) -> Losses:
        """The three feature terms."""
        with enough_to_normalise("distil"):
            terms = self._terms(inputs.inputs)
        return Losses({name: term * inputs.share for name, term in terms.items()})

    @torch.no_grad()
    def evaluate(self, epoch: int) -> dict[str, float]:
        """The terms on what is held out."""
        sums: dict[str, float] = {}
        for start in range(0, len(self.held), self.params.batch_size):
            rows = self.held[start : start + self.params.batch_size]
            terms = self._terms(self._inputs(rows, lambda row: MIDDLE))
            for name, term in terms.items():
                sums[name] = sums.get(name, 0.0) + term.item() * len(rows) / len(self.held)
        return {f"{name}/held_out": value for name, value in sums.items()}

    def extras(self) -> dict[str, Tensor]:
        """Nothing: a student has no head."""
        return {}

    def _terms(self, inputs: Tensor) -> dict[str, Tensor]:
        with autocast(self.params.precision, self.world.device):
            with torch.no_grad():
                taught = {name: stages(inputs) for name, stages in self.teachers.items()}
            return feature_terms(self.student.stages(inputs), taught, FEATURES)

    def _inputs(self, rows: RowIds, place: Callable[[int], Place]) -> Tensor:
        preprocess = self.student.preprocess

        def view(row: int) -> Pixels:
            number = int(np.searchsorted(self.begins, row, side="right")) - 1
            image = self.sets[number].image(row - self.begins[number])
            return crop(image, preprocess, place(row))

        return model_input(np.stack(list(self.pool.map(view, rows.tolist()))), preprocess, self.world.device)


def make_distilling(
    student: Backbone,
    specialists: Mapping[str, Backbone],
    sets: Sequence[PretextSet],
    *,
    params: DescentParams,
    pool: Executor,
    world: World = ALONE,
) -> Distilling:
    """The method before its first step, all on the device. A set that is there twice counts once."""
    distinct = list({one.name: one for one in sets}.values())
    begins = list(accumulate((len(one.sample_ids) for one in distinct), initial=0))[:-1]
    rows, held = _pictures(distinct, begins)
    if len(rows) == 0:
        raise UserError("the pretext sets have no images to train on")
    for one in specialists.values():
        one.module.requires_grad_(False).to(world.device).to(memory_format=torch.channels_last).eval()
    return Distilling(
        model=nn.ModuleDict({"backbone": student.module}),
        student=learning_network(student, params, world),
        teachers={name: stages_of(one) for name, one in specialists.items()},
        sets=distinct,
        begins=begins,
        rows=rows,
        held=held,
        params=params,
        pool=pool,
        world=world,
    )


def _pictures(sets: Sequence[PretextSet], begins: Sequence[int]) -> tuple[RowIds, RowIds]:
    """The first rows of the pictures to learn from, and of those held out; ascending.

    Sets may share pictures, and a picture has a row for each of its captions. One that a set holds out is not
    learnt from, one that a set tests on is neither.
    """
    rows: dict[str, int] = {}
    splits: dict[str, int] = {}
    for one, begin in zip(sets, begins, strict=True):
        pictures = one.pictures or [f"{one.name}/{name}" for name in one.sample_ids]
        for row, (picture, split) in enumerate(zip(pictures, one.splits.tolist(), strict=True), start=begin):
            rows.setdefault(picture, row)
            splits[picture] = max(splits.get(picture, 0), _SPLITS.index(split))
    learnt, held = (
        np.array([row for picture, row in rows.items() if splits[picture] == place], np.int64)
        for place in (0, 1)
    )
    return learnt, held


def distil(
    student: Backbone,
    specialists: Mapping[str, Backbone],
    sets: Sequence[PretextSet],
    *,
    params: DescentParams | None,
    run: Run,
    machine: Machine = HERE,
) -> History:
    """Train `student.module` in place to be like st, ho and hp; without `params` it stays as it is.

    Resumes from `run.work` after a kill, as `training.loop.train`.
    """
    if params is None:
        return []
    world = machine.world
    with ThreadPoolExecutor(machine.workers) as pool:
        method = make_distilling(student, specialists, sets, params=params, pool=pool, world=world)
        log.info("%d steps on %d images", params.epochs * len(method.batches(0)), len(method.rows))
        return train(method, params, run, world=world)
