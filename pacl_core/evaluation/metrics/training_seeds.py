"""How much a figure owes to the seed of training, where a variant was trained several times.

Of K trainings the figure is their mean. Its variance from the seeds is estimated as s^2 / K, with s the
standard deviation of the K figures on all test items; its variance from the items is that of the mean over
the resamples of items. What seeds and items do together is in both, so their sum is rather too large than
too small (as in the pigeonhole bootstrap, Owen 2007).

The bootstrap has two levels: items are resampled, and for each resample a deviation by the seeds is drawn
from Student's distribution with K - 1 degrees of freedom, scaled to s / sqrt(K). Taking K of the K seeds with
replacement would make intervals too narrow, as K is small: this has (K - 1) / K of the variance, and no end
is beyond the extremes. Where all variance is from seeds, such a 95 % interval holds the true mean in half of
all cases for two trainings, and in three quarters for three; Student's holds it in 95 %. Seeds of two
variants are drawn independently: with the same number, their batches still differ.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]

_OWN_STREAM = 0x5EED  # resamples of items are drawn from seeds of one number


class SeedSpread(NamedTuple):
    """The variance of a mean over several trainings from their seeds, and its degrees of freedom."""

    variance: float
    freedom: int


def seed_spread(figures: Floats) -> SeedSpread:
    """From the figure [K] of each training on all items, K of 2 or more."""
    count = len(figures)
    return SeedSpread(float(np.var(figures, ddof=1)) / count, count - 1)


def drawn_deviations(spreads: tuple[SeedSpread, ...], count: int) -> Floats:
    """What the seeds add to each of `count` resamples: the same draws every time, independent in each spread.

    A draw takes `count` evenly spaced quantiles in random order, so that its tails are exact.
    """
    total = np.zeros(count)
    for number, (variance, freedom) in enumerate(spreads):
        order = np.random.default_rng((_OWN_STREAM, number)).permutation(count)
        total += np.sqrt(variance) * stdtrit(freedom, (order + 0.5) / count)
    return total
