"""A specialist of Feng et al. as a method of the engine: batches of its tasks in, their losses out."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pacl_core.methods.feng.network import enough_to_normalise
from pacl_core.methods.feng.tasks import Network, PretextTask, Seen
from pacl_core.methods.feng.views import MIDDLE, Pixels, random_place
from pacl_core.models.frozen import on_device
from pacl_core.params.feng import DescentParams
from pacl_core.training.distributed import World
from pacl_core.training.forward import autocast
from pacl_core.training.method import Batch, Batches, LearningRate, Losses, RowIds

_PLACES, _ORDER = 0xC409, 0x04D3  # streams of random numbers, apart from each other


class Piece(NamedTuple):
    """One task's part of a step; `counts` is 0 for a rank that has no image and looks at one for nothing."""

    task: str
    seen: Seen
    counts: float


@dataclass(frozen=True)
class Specialist:
    """A backbone and its tasks, each with a forward pass of its own. `first`: by task, the row where its set
    begins among all rows. `pool`: threads that decode. `world`: this process among those that train together.
    """

    model: nn.ModuleDict
    network: Network
    tasks: Mapping[str, PretextTask]
    params: DescentParams
    first: Mapping[str, int]
    sample_ids: Sequence[str]
    pool: Executor
    world: World

    @property
    def learning_rates(self) -> Mapping[str, LearningRate]:
        """One rate for backbone and heads."""
        return dict.fromkeys(self.model, self.params.lr)

    def warm_up(self) -> None:
        """Nothing: every part starts as it is."""

    def batches(self, epoch: int) -> Batches:
        """A pass over the larger set; the shorter one is cycled, in a new order each time."""
        return EpochBatches(
            {name: task.rows + self.first[name] for name, task in self.tasks.items()},
            size=self.params.batch_size,
            seed=(self.params.seed, epoch),
        )

    def load(self, epoch: int, batch: Batch) -> list[Piece]:
        """A piece per task: each has a forward pass of its own on its own inputs."""
        seed = (self.params.seed, epoch)
        rows = {name: self._local(name, batch) for name in batch.parts}
        views = self._views(rows, seed)
        return [
            Piece(
                name,
                self._seen(name, views[name], rows[name], whole=part - self.first[name], seed=seed),
                float(len(batch.local(self.world).parts[name]) > 0),
            )
            for name, part in batch.parts.items()
        ]

    def losses(self, inputs: Piece, world: World) -> Losses:
        """The loss of one task."""
        task = self.tasks[inputs.task]
        with self._precision(), enough_to_normalise(f"task '{inputs.task}'"):
            return Losses({inputs.task: task.loss(self.network, inputs.seen) * inputs.counts})

    @torch.no_grad()
    def evaluate(self, epoch: int) -> dict[str, float]:
        """Figures of each task on what is held out, without random views."""
        figures: dict[str, float] = {}
        for name, task in self.tasks.items():
            sums: dict[str, Tensor] = {}
            for seen in self.held(name):
                with self._precision():
                    found = task.sums(self.network, seen)
                for key, value in found.items():
                    sums[key] = sums[key] + value.double() if key in sums else value.double()
            if sums:
                figures |= task.held_out(sums)
        return figures

    def held(self, name: str, count: int | None = None) -> Iterator[Seen]:
        """What is held out of a task, or the first `count` of it, batch by batch."""
        yield from self.seen(name, self.tasks[name].held[:count])

    def seen(self, name: str, rows: RowIds) -> Iterator[Seen]:
        """Rows of a task's images as evaluation sees them, batch by batch."""
        for start in range(0, len(rows), self.params.batch_size):
            part = rows[start : start + self.params.batch_size]
            views = self._views({name: part}, None)[name]
            yield self._seen(name, views, part, whole=part, seed=None)

    def extras(self) -> dict[str, Tensor]:
        """Weights of the heads, as `<task>.<name>`."""
        return {name: tensor.detach().cpu() for name, tensor in self.model["heads"].state_dict().items()}

    def _local(self, name: str, batch: Batch) -> RowIds:
        """This rank's rows of the task's set."""
        local: RowIds = Batch({name: batch.parts[name]}).seen_rows(self.world) - self.first[name]
        return local

    def _views(
        self, rows: Mapping[str, RowIds], seed: tuple[int, int] | None
    ) -> dict[str, NDArray[np.uint8]]:
        """Pixels `[b, 3, S, S]` by task; an image that several tasks have at one place is decoded once."""
        jobs: dict[tuple[str, int, int], list[str]] = {}
        for name, chosen in rows.items():
            for place, row in enumerate(chosen.tolist()):
                jobs.setdefault((self.tasks[name].images.name, place, row), []).append(name)

        def seen(job: tuple[tuple[str, int, int], list[str]]) -> dict[str, Pixels]:
            (_, _, row), names = job
            image = self.tasks[names[0]].images.image(row)
            place = MIDDLE if seed is None else random_place(np.random.default_rng((*seed, row, _PLACES)))
            return {name: self.tasks[name].view(image, place) for name in names}

        found: dict[str, list[Pixels]] = {name: [] for name in rows}
        for views in self.pool.map(seen, jobs.items()):
            for name, pixels in views.items():
                found[name].append(pixels)
        return {name: np.stack(pixels) for name, pixels in found.items()}

    def _seen(
        self,
        name: str,
        pixels: NDArray[np.uint8],
        rows: RowIds,
        *,
        whole: RowIds,
        seed: tuple[int, int] | None,
    ) -> Seen:
        task, device = self.tasks[name], self.world.device
        targets = [on_device(one, device) for one in task.targets(rows, seed)]
        return Seen(on_device(pixels, device), targets, len(whole), task.terms(whole))

    def _precision(self) -> torch.autocast:
        return autocast(self.params.precision, self.world.device)


@dataclass(frozen=True)
class EpochBatches:
    """`rows` by task. A task with less rows than `size` has them all in every batch."""

    rows: Mapping[str, RowIds]
    size: int
    seed: tuple[int, int]

    def __len__(self) -> int:
        return max(len(rows) // min(len(rows), self.size) for rows in self.rows.values())

    def __iter__(self) -> Iterator[Batch]:
        streams = {name: self._stream(rows) for name, rows in self.rows.items()}
        for _ in range(len(self)):
            yield Batch({name: next(stream) for name, stream in streams.items()})

    def _stream(self, rows: RowIds) -> Iterator[RowIds]:
        """Endless: one order after the other; tasks of the same rows have the same ones."""
        size, left, cycle = min(len(rows), self.size), rows[:0], 0
        while True:
            while len(left) < size:
                generator = np.random.default_rng((*self.seed, cycle, int(rows[0]), _ORDER))
                left, cycle = np.concatenate([left, generator.permutation(rows)]), cycle + 1
            yield left[:size]
            left = left[size:]
