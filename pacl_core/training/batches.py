"""Which samples meet in which step: a pure function of sizes, epoch and seed."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def steps_in_epoch(active: Sequence[str], sizes: Mapping[str, int], batch_size: int) -> int:
    """One pass over the largest active partition, 0 where none is active."""
    return max((-(-sizes[name] // batch_size) for name in active), default=0)


def epoch_batches(
    active: Sequence[str], rows: Mapping[str, range | Rows], batch_size: int, epoch: int, seed: int
) -> Iterator[dict[str, Rows]]:
    """Per step one batch of every active partition: `{partition: rows [<= batch_size]}`.

    The shorter partitions are cycled, shuffled anew in each pass. A pass is cut into batches whose
    sizes differ by at most one, so that no step sees a remainder of a few samples, whose few
    negatives would weigh as much as a whole batch; no sample meets itself in a batch.
    """
    sizes = {name: len(rows[name]) for name in active}
    steps = steps_in_epoch(active, sizes, batch_size)
    streams = [_batches(rows[name], batch_size, (seed, epoch, i)) for i, name in enumerate(active)]
    for batches in islice(zip(*streams, strict=True), steps):
        yield dict(zip(active, batches, strict=True))


def _batches(rows: range | Rows, batch_size: int, seed: tuple[int, ...]) -> Iterator[Rows]:
    """Endless passes over `rows`."""
    pieces = -(-len(rows) // batch_size)
    order = np.asarray(rows, np.int64)
    generator = np.random.default_rng(seed)
    while True:
        yield from np.array_split(generator.permutation(order), pieces)
