"""95 % intervals by the bootstrap over test items (Efron 1979), of the mean over seeds.

A resample takes N items with replacement. The same seed and N give the same resamples, so
differences of two variants are paired: both are measured on the same items. Where a variant was trained
several times, intervals have a second level, of its training seeds (`training_seeds`).

Of few items the distribution of a metric is skewed and its mean is off, and plain quantiles are too narrow on
one side. Below `BCA_BELOW` items the quantiles are therefore those of BCa (Efron 1987), as in
`scipy.stats.bootstrap`; from there on both agree to a twentieth of the interval's width.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics import resampler
from pacl_core.evaluation.metrics.training_seeds import SeedSpread, drawn_deviations, seed_spread

LOW, HIGH = 0.025, 0.975
BCA_BELOW = 1_000  # items; its jackknife measures the metric once for each of them
_CELLS = 500_000  # per block of counts: 4 MB, which fits a cache; the fastest of 0.1 to 4 million
_SAME = 1e-12  # of a value on a resample and on all items: rounding of their sums

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Resampled:
    """A metric on resamples, `values` [R], and on all items, `whole`; for BCa also without each, `left_out`
    [N]. NaN where undefined. Subtract two that were measured on the same resamples for a paired difference.

    `seeds`: what the training seeds add to the variance, an entry per variant that was trained several times.
    """

    values: Floats
    whole: float = np.nan
    left_out: Floats | None = None
    seeds: tuple[SeedSpread, ...] = ()

    def __sub__(self, other: "Resampled") -> "Resampled":
        left_out = None
        if self.left_out is not None and other.left_out is not None:
            left_out = self.left_out - other.left_out
        seeds = self.seeds + other.seeds
        return Resampled(self.values - other.values, self.whole - other.whole, left_out, seeds)

    def minus(self, constant: float) -> "Resampled":
        """The difference from a number that does not depend on the items."""
        left_out = None if self.left_out is None else self.left_out - constant
        return Resampled(self.values - constant, self.whole - constant, left_out, self.seeds)

    @property
    def item_deviation(self) -> float | None:
        """The standard deviation that comes from the test items; None where it is not defined."""
        defined = self.values[np.isfinite(self.values)]
        return float(np.std(defined, ddof=1)) if len(defined) > 1 else None

    @property
    def seed_variance(self) -> float:
        """From the training seeds, as far as they are known; 0 where nothing was trained several times."""
        return sum(one.variance for one in self.seeds)


def resamples(items: int, count: int, seed: int) -> Iterator[Floats]:
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
    task: Task,
    target: NDArray[Any],
    predictions: NDArray[Any],
    *,
    count: int,
    seed: int,
    trainings: int = 1,
) -> dict[str, Resampled]:
    """Each metric's mean over seeds on `count` resamples. `target` [N, T], `predictions` [S, N, C].

    The predictions are of so many `trainings`, those of the first one first, and as many of each.
    """
    prepared = [resampler(task, target, prediction) for prediction in predictions]

    def measured(blocks: Iterator[Floats]) -> dict[str, Floats]:
        found: list[dict[str, Floats]] = []
        for counts in blocks:
            per_seed = [values_of(counts) for values_of in prepared]
            found.append({name: np.mean([one[name] for one in per_seed], axis=0) for name in per_seed[0]})
        return {name: np.concatenate([block[name] for block in found]) for name in found[0]}

    items = len(target)
    values = measured(resamples(items, count, seed))
    whole = measured(iter([np.ones((1, items))]))
    left_out = measured(iter([1 - np.eye(items)])) if 1 < items < BCA_BELOW else {}
    spreads: dict[str, tuple[SeedSpread, ...]] = {}
    if trainings > 1:
        alone = [values_of(np.ones((1, items))) for values_of in prepared]
        for name in values:
            per_training = np.reshape([one[name] for one in alone], (trainings, -1)).mean(axis=1)
            spreads[name] = (seed_spread(per_training),)
    return {
        name: Resampled(one, float(whole[name][0]), left_out.get(name), spreads.get(name, ()))
        for name, one in values.items()
    }


def interval(metric: Resampled) -> tuple[float, float] | None:
    """The 95 % interval; None where over 5 % of the resamples have no value."""
    values = metric.values
    if metric.seeds:
        values = values + drawn_deviations(metric.seeds, len(values))
    defined = values[np.isfinite(values)]
    if len(defined) < 0.95 * len(metric.values):
        return None
    low, high = np.quantile(defined, _levels(defined, metric))
    return float(low), float(high)


def _levels(defined: Floats, metric: Resampled) -> tuple[float, float]:
    """The quantiles that are the interval's ends: those of BCa, or 2.5 and 97.5 % where it is undefined.

    It is where leaving out an item leaves no value, or the value on all items is outside the resamples'.
    """
    if metric.left_out is None or not np.isfinite([metric.whole, *metric.left_out]).all():
        return LOW, HIGH
    below = np.mean(defined < metric.whole - _SAME) + np.mean(defined <= metric.whole + _SAME)
    bias = float(ndtri(below / 2))
    pull = metric.left_out.mean() - metric.left_out
    spread = float((pull**2).sum()) + metric.seed_variance  # seeds are drawn without skew
    if not np.isfinite(bias) or not spread > 0:
        return LOW, HIGH
    skew = float((pull**3).sum()) / (6 * spread**1.5)
    low, high = (ndtr(bias + (bias + z) / (1 - skew * (bias + z))) for z in (ndtri(LOW), ndtri(HIGH)))
    return float(low), float(high)
