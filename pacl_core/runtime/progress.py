"""Progress of long work: a bar on a terminal, elsewhere a line from time to time."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self, TypeVar

from tqdm import tqdm

log = logging.getLogger("pacl")

SECONDS_BETWEEN_LINES = 10.0
Item = TypeVar("Item")


class Progress:
    """Counts finished items of `what`, against `total` where it is known; logs the rate at the end."""

    def __init__(self, what: str, total: int | None, done: int = 0) -> None:
        self._what, self._total, self._done, self._at_start = what, total, done, done
        self._started = self._said = time.monotonic()
        self._bar = tqdm(total=total, initial=done, desc=what, unit="", disable=not sys.stderr.isatty())
        if done:
            log.info("%s: continuing after %d of %s", what, done, total)

    def __enter__(self) -> Self:
        return self

    def add(self, items: int) -> None:
        """Note that `items` more are finished."""
        self._done += items
        self._bar.update(items)
        now = time.monotonic()
        if self._bar.disable and now - self._said > SECONDS_BETWEEN_LINES:
            self._said = now
            of_total = "" if self._total is None else f" of {self._total}"
            log.info("%s: %d%s, %.0f/s", self._what, self._done, of_total, self._rate(now))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
        if kind is None:
            log.info("%s: %d, %.0f/s", self._what, self._done, self._rate(time.monotonic()))

    def _rate(self, now: float) -> float:
        return (self._done - self._at_start) / max(now - self._started, 1e-9)


def counted(items: Iterable[Item], what: str) -> Iterator[Item]:
    """The same items, counted as they pass, without a known total."""
    with Progress(what, None) as progress:
        for item in items:
            yield item
            progress.add(1)
