"""Which samples meet in which step: a pure function of sizes, epoch and seed."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def steps_in_epoch(
    active: Sequence[str], sizes: Mapping[str, int], batch_size: int, batching: str = "separate"
) -> int:
    """Steps of one pass, 0 where no partition is active.

    `separate`: a pass over the largest active partition; `mixed`: over all active pairs.
    """
    counts = [sizes[name] for name in active]
    return -(-(sum(counts) if batching == "mixed" else max(counts, default=0)) // batch_size)


def epoch_batches(
    active: Sequence[str],
    rows: Mapping[str, range | Rows],
    batch_size: int,
    epoch: int,
    seed: int,
    batching: str = "separate",
) -> Iterator[dict[str, Rows]]:
    """The samples of every step, by partition.

    `separate`: one batch of every active partition, `{partition: rows [<= batch_size]}`. The shorter
    partitions are cycled, shuffled anew in each pass. `mixed`: one batch of `batch_size` rows in all, drawn
    from all active pairs alike, so that a partition's part is its share of them; one that is not met is
    left out of the step.

    A pass is cut into batches whose sizes differ by at most one, so that no step sees a remainder of a few
    samples, whose few negatives would weigh as much as a whole batch; no sample meets itself in a batch.
    """
    sizes = {name: len(rows[name]) for name in active}
    steps = steps_in_epoch(active, sizes, batch_size, batching)
    if batching == "mixed":
        yield from _mixed(active, rows, steps, (seed, epoch))
        return
    streams = [_batches(rows[name], batch_size, (seed, epoch, i)) for i, name in enumerate(active)]
    for batches in islice(zip(*streams, strict=True), steps):
        yield dict(zip(active, batches, strict=True))


def _mixed(
    active: Sequence[str], rows: Mapping[str, range | Rows], steps: int, seed: tuple[int, ...]
) -> Iterator[dict[str, Rows]]:
    if steps == 0:
        return
    everyone = np.concatenate([np.asarray(rows[name], np.int64) for name in active])
    partition = np.repeat(np.arange(len(active)), [len(rows[name]) for name in active])
    order = np.random.default_rng(seed).permutation(len(everyone))
    for places in np.array_split(order, steps):
        found = {name: everyone[places[partition[places] == i]] for i, name in enumerate(active)}
        yield {name: batch for name, batch in found.items() if len(batch)}


def _batches(rows: range | Rows, batch_size: int, seed: tuple[int, ...]) -> Iterator[Rows]:
    """Endless passes over `rows`."""
    pieces = -(-len(rows) // batch_size)
    order = np.asarray(rows, np.int64)
    generator = np.random.default_rng(seed)
    while True:
        yield from np.array_split(generator.permutation(order), pieces)
