"""What a method of training is to the engine that runs it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from pacl_core.training.distributed import World

RowIds = NDArray[np.int64]
LearningRate = float | Callable[[str, Tensor], float]
"""Of a part of the model: one for all its parameters, or of each by its name and itself."""
Inputs = TypeVar("Inputs")


@dataclass(frozen=True)
class Batch:
    """The rows of one step, by part; the method names its parts (partitions, a task)."""

    parts: Mapping[str, RowIds]

    @property
    def size(self) -> int:
        """Rows of all parts; a row that is in two of them counts twice."""
        return sum(len(rows) for rows in self.parts.values())

    def rows(self) -> RowIds:
        """The rows of all parts, one part after the other."""
        return np.concatenate(list(self.parts.values()))

    def local(self, world: World) -> "Batch":
        """This rank's slice of every part; the whole where it is alone."""
        return Batch({name: rows[world.local_slice(len(rows))] for name, rows in self.parts.items()})

    def seen_rows(self, world: World) -> RowIds:
        """This rank's rows of all parts; where it has none, one of the others', which is seen for nothing, as
        networks take no empty batch."""
        rows = self.local(world).rows()
        return rows if len(rows) else self.rows()[:1]


class Batches(Protocol):
    """The batches of an epoch; their number is known before the first one is drawn."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Batch]: ...


@dataclass(frozen=True)
class Losses:
    """`terms`: name -> this rank's summand of a loss, a scalar with its graph; their sum is minimised.

    `figures`: what the curves show besides, scalars without graph, the same on every rank. A term that is
    named as a part of the batch is of the rows of that part, else of all.
    """

    terms: Mapping[str, Tensor]
    figures: Mapping[str, Tensor] = field(default_factory=dict)


class Method(Protocol[Inputs]):
    """A method of training; `training.loop.train` runs it.

    `model` is all that learns: its part "backbone" is what evaluation keeps. `learning_rates`: of each part.
    `sample_ids`: row -> the id that a message names.
    """

    @property
    def model(self) -> nn.ModuleDict: ...

    @property
    def learning_rates(self) -> Mapping[str, LearningRate]: ...

    @property
    def sample_ids(self) -> Sequence[str]: ...

    def warm_up(self) -> None:
        """Before the first step of a run, on the first rank alone; the others get its weights."""

    def batches(self, epoch: int) -> Batches:
        """The batches of an epoch: a function of epoch and seed alone."""

    def load(self, epoch: int, batch: Batch) -> Sequence[Inputs]:
        """What this rank needs of a batch, in pieces whose losses add up; called in a thread, a step ahead.

        Each piece passes forwards and backwards before the next: memory holds the activations of one.
        """

    def losses(self, inputs: Inputs, world: World) -> Losses:
        """The losses of one piece."""

    def evaluate(self, epoch: int) -> dict[str, float]:
        """Figures after an epoch, by the averaged weights in evaluation mode; on the first rank alone."""

    def extras(self) -> dict[str, Tensor]:
        """What is saved next to the backbone, as projectors are."""
