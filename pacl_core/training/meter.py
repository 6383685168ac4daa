"""What an epoch amounts to: its means, and its speed for the log."""

import logging
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

import torch
from torch import Tensor

log = logging.getLogger("pacl")

Item = TypeVar("Item")

_SECONDS_BETWEEN_LINES = 30.0
_COUNTS = ("skipped_steps",)  # summed over the epoch, all others averaged


class Meter:
    """Collects the scalars of an epoch's steps without reading them from the device one by one.

    `values` holds them, those of `done` steps before a restart included; it is a checkpoint's to keep.
    """

    def __init__(self, what: str, steps: int, values: dict[str, list[Tensor]], *, done: int = 0) -> None:
        self.what, self._steps, self._done, self._values = what, steps, done, values
        self._images, self._waited = 0, 0.0
        self._rates: dict[str, float] = {}
        self._started = self._said = time.monotonic()

    def waits(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items; the time until each is there counts as waiting for data."""
        source = iter(items)
        while True:
            asked = time.monotonic()
            item = next(source, None)
            self._waited += time.monotonic() - asked
            if item is None:
                return
            yield item

    def add(self, scalars: dict[str, Tensor], rates: dict[str, float], images: int) -> None:
        """Note a step: its scalars, learning rates, number of images."""
        for name, value in scalars.items():
            self._values.setdefault(name, []).append(value.detach())
        self._rates = rates
        self._done += 1
        self._images += images
        now = time.monotonic()
        if now - self._said > _SECONDS_BETWEEN_LINES:
            self._said = now
            log.info("%s: step %d of %d, %s", self.what, self._done, self._steps, self._speed(now))

    def means(self) -> dict[str, float]:
        """Mean of every scalar over the epoch, and the rates of its last step; says them in one line."""
        metrics = {}
        for name, values in sorted(self._values.items()):
            scalars = torch.stack(values)
            metrics[name] = (scalars.sum() if name in _COUNTS else scalars.mean()).item()
        said = ", ".join(f"{name} {value:.3f}" for name, value in metrics.items())
        now = time.monotonic()
        if self._done:
            log.info("%s: %s; %.0f s, %s", self.what, said, now - self._started, self._speed(now))
        return metrics | {f"learning_rate/{part}": rate for part, rate in self._rates.items()}

    def _speed(self, now: float) -> str:
        seconds = max(now - self._started, 1e-9)
        return f"{self._images / seconds:.0f} images/s, {self._waited / seconds:.0%} waiting for data"
