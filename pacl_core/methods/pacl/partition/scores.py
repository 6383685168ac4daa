"""A column of scores, read as often as needed and never held in memory; its statistics are exact.

float32 numbers order as their bits do (sign aside), so a histogram of the upper 16 bits and one of the
lower 16 bits find any order statistic in two readings, whatever the number of rows.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pacl_core.files.tables import Table, batches

BLOCK = 16_384
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class ScoreColumn:
    """`blocks()` reads the column from its start, float32 blocks with NaN where a score is unknown."""

    blocks: Callable[[], Iterator[Scores]]

    @cached_property
    def rows(self) -> int:
        """Number of scores, unknown ones too."""
        return sum(len(block) for block in self.blocks())

    @cached_property
    def known(self) -> int:
        """Number of known scores."""
        return sum(len(block) for block in self.known_blocks())

    def known_blocks(self) -> Iterator[Scores]:
        """The known scores; -0 as 0, so that equal scores have equal bits."""
        for block in self.blocks():
            yield block[~np.isnan(block)] + np.float32(0)

    def order_statistics(self, places: Sequence[int]) -> list[float]:
        """The known scores at these places (from 0) when sorted. Raises IndexError for a place outside."""
        if any(not 0 <= place < self.known for place in places):
            raise IndexError(f"places {list(places)} of {self.known} known scores")
        coarse = np.cumsum(self.coarse_histogram())
        bins = [int(np.searchsorted(coarse, place, side="right")) for place in places]
        fine: dict[int, NDArray[np.int64]] = {}
        for one in set(bins):
            before = int(coarse[one - 1]) if one else 0
            fine[one] = before + np.cumsum(self._fine_histogram(one))
        keys = [
            (one << 16) | int(np.searchsorted(fine[one], place, side="right"))
            for one, place in zip(bins, places, strict=True)
        ]
        return [float(score) for score in _scores(np.array(keys, np.uint32))]

    def percentile(self, percent: float) -> float:
        """Linear between the two nearest order statistics, as in numpy; NaN without known scores."""
        if not self.known:
            return float("nan")
        at = (self.known - 1) * percent / 100
        below = int(at)
        low, high = self.order_statistics([below, min(below + 1, self.known - 1)])
        return low + (high - low) * (at - below)

    def counts_around(self, score: float) -> tuple[int, int]:
        """How many known scores are lower than `score`, and how many equal it."""
        lower = equal = 0
        for block in self.known_blocks():
            lower += int((block < np.float32(score)).sum())
            equal += int((block == np.float32(score)).sum())
        return lower, equal

    def coarse_histogram(self) -> NDArray[np.int64]:
        """Known scores by the upper 16 bits of their sort key, [65536]."""
        counts = np.zeros(1 << 16, np.int64)
        for block in self.known_blocks():
            counts += np.bincount(sort_keys(block) >> 16, minlength=1 << 16)
        return counts

    def _fine_histogram(self, upper: int) -> NDArray[np.int64]:
        """Known scores with these upper 16 bits by the lower ones, [65536]."""
        counts = np.zeros(1 << 16, np.int64)
        for block in self.known_blocks():
            keys = sort_keys(block)
            counts += np.bincount(keys[keys >> 16 == upper] & 0xFFFF, minlength=1 << 16)
        return counts


def score_column(path: Path, name: str) -> ScoreColumn:
    """A column of a parquet artefact, null as unknown."""

    def blocks() -> Iterator[Scores]:
        for batch in batches(Table(path, (name,)), BLOCK):
            yield np.asarray(batch[name].to_numpy(zero_copy_only=False), np.float32)

    return ScoreColumn(blocks)


def sort_keys(scores: Scores) -> NDArray[np.uint32]:
    """uint32 numbers that order as the scores do."""
    bits = scores.view(np.uint32)
    keys: NDArray[np.uint32] = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
    return keys


def _scores(keys: NDArray[np.uint32]) -> Scores:
    bits = np.where(keys >> 31, keys & np.uint32((1 << 31) - 1), ~keys)
    return bits.astype(np.uint32).view(np.float32)
