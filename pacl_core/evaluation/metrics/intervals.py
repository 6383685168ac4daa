"""95 % intervals by the bootstrap over test items (Efron 1979), of the mean over seeds.

A resample takes N items with replacement. The same seed and N give the same resamples, so
differences of two variants are paired: both are measured on the same items.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics import resampler

LOW, HIGH = 0.025, 0.975
_CELLS = 500_000  # per block of counts: 4 MB, which fits a cache; the fastest of 0.1 to 4 million


def resamples(items: int, count: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Blocks [R, items] of how often each item is taken; all blocks together have `count` rows.

    A block is a view of an array [items, R]: sums over items then read it row by row.
    """
    generator = np.random.default_rng(seed)
    block = max(1, _CELLS // items)
    for start in range(0, count, block):
        rows = min(block, count - start)
        taken = np.stack(
            [np.bincount(generator.integers(items, size=items), minlength=items) for _ in range(rows)]
        )
        yield np.ascontiguousarray(taken.T, np.float64).T


def bootstrap(
    task: Task, target: NDArray[Any], predictions: NDArray[Any], *, count: int, seed: int
) -> dict[str, NDArray[np.float64]]:
    """Each metric's mean over seeds on `count` resamples. `target` [N, T], `predictions` [S, N, C].

    Gives name -> [count]; NaN where a metric is undefined on a resample.
    """
    prepared = [resampler(task, target, prediction) for prediction in predictions]
    blocks: list[dict[str, NDArray[np.float64]]] = []
    for counts in resamples(len(target), count, seed):
        per_seed = [values_of(counts) for values_of in prepared]
        blocks.append({name: np.mean([one[name] for one in per_seed], axis=0) for name in per_seed[0]})
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def interval(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """The 2.5 % and 97.5 % quantiles; None where over 5 % of the resamples have no value."""
    defined = values[np.isfinite(values)]
    if len(defined) < 0.95 * len(values):
        return None
    low, high = np.quantile(defined, [LOW, HIGH])
    return float(low), float(high)
