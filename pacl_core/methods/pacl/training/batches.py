"""Which samples form which step: a pure function of sizes, epoch and seed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np

from pacl_core.training.method import Batch, RowIds


@dataclass(frozen=True)
class EpochBatches:
    """The samples of every step of an epoch, by partition; none where no partition is active.

    `separate`: a pass over the largest active partition; each step has a batch of every active partition, of
    at most `batch_size` each. Smaller partitions are cycled, and reshuffled in each pass. `mixed`: a pass
    over all active pairs, each step has one batch of `batch_size` drawn from all of them, so a partition's
    part of a batch is on average its fraction of the pairs; a partition without a pair in the batch is left
    out of the step.

    A pass is cut into batches whose sizes differ by at most one, so that no step is a remainder of a few
    samples, which would weigh as much as a whole batch despite few negatives. No sample is twice in a batch.
    """

    rows: Mapping[str, RowIds]
    active: Sequence[str]
    batch_size: int
    seed: tuple[int, int]
    """The run's seed and the epoch."""
    batching: Literal["separate", "mixed"] = "separate"

    def __len__(self) -> int:
        counts = [len(self.rows[name]) for name in self.active]
        samples = sum(counts) if self.batching == "mixed" else max(counts, default=0)
        return -(-samples // self.batch_size)

    @property
    def images(self) -> int:
        """Rows of all batches; one that is in several counts as often."""
        counts = [len(self.rows[name]) for name in self.active]
        if self.batching == "mixed":
            return sum(counts)
        return sum(_first_rows(count, len(self), self.batch_size) for count in counts)

    def __iter__(self) -> Iterator[Batch]:
        if len(self) == 0:
            return iter(())
        return self._mixed() if self.batching == "mixed" else self._separate()

    def _separate(self) -> Iterator[Batch]:
        streams = [
            _passes(self.rows[name], self.batch_size, (*self.seed, place))
            for place, name in enumerate(self.active)
        ]
        for batches in islice(zip(*streams, strict=True), len(self)):
            yield Batch(dict(zip(self.active, batches, strict=True)))

    def _mixed(self) -> Iterator[Batch]:
        everyone = np.concatenate([self.rows[name] for name in self.active])
        partition = np.repeat(np.arange(len(self.active)), [len(self.rows[name]) for name in self.active])
        order = np.random.default_rng(self.seed).permutation(len(everyone))
        for places in np.array_split(order, len(self)):
            found = {name: everyone[places[partition[places] == i]] for i, name in enumerate(self.active)}
            yield Batch({name: rows for name, rows in found.items() if len(rows)})


def _first_rows(count: int, batches: int, batch_size: int) -> int:
    """Rows in the first `batches` of endless passes over `count` rows; a pass begins with its larger ones."""
    pieces = -(-count // batch_size)
    passes, begun = divmod(batches, pieces)
    return passes * count + begun * (count // pieces) + min(begun, count % pieces)


def _passes(rows: RowIds, batch_size: int, seed: tuple[int, ...]) -> Iterator[RowIds]:
    """Endless passes over `rows`."""
    pieces = -(-len(rows) // batch_size)
    generator = np.random.default_rng(seed)
    while True:
        yield from np.array_split(generator.permutation(rows), pieces)
