"""What an epoch amounts to: means for the curves, speed for the log."""

import logging
import time
from collections import defaultdict

import torch
from torch import Tensor

log = logging.getLogger("pacl")

_SECONDS_BETWEEN_LINES = 30.0


class Meter:
    """Collects the scalars of an epoch's steps without reading them from the device one by one."""

    def __init__(self, what: str, steps: int) -> None:
        self.what, self._steps, self._done, self._images = what, steps, 0, 0
        self._values: dict[str, list[Tensor]] = defaultdict(list)
        self._rates: dict[str, float] = {}
        self._started = self._said = time.monotonic()

    def add(
        self, terms: dict[str, Tensor], shares: dict[str, Tensor], rates: dict[str, float], images: int
    ) -> None:
        """Note a step: loss terms, shares, learning rates, number of pictures."""
        for term, loss in terms.items():
            self._values[f"loss/{term}"].append(loss.detach())
        for name, share in shares.items():
            self._values[name].append(share)
        self._rates = rates
        self._done += 1
        self._images += images
        now = time.monotonic()
        if now - self._said > _SECONDS_BETWEEN_LINES:
            self._said = now
            log.info("%s: step %d of %d, %.0f images/s", self.what, self._done, self._steps, self._speed(now))

    def means(self) -> dict[str, float]:
        """Mean of every value over the epoch, and the rates of its last step; says them in one line."""
        metrics = {name: torch.stack(values).mean().item() for name, values in sorted(self._values.items())}
        said = ", ".join(f"{name} {value:.3f}" for name, value in metrics.items())
        now = time.monotonic()
        if self._done:
            speed = self._speed(now)
            log.info("%s: %s; %.0f s, %.0f images/s", self.what, said, now - self._started, speed)
        return metrics | {f"learning_rate/{part}": rate for part, rate in self._rates.items()}

    def _speed(self, now: float) -> float:
        return self._images / max(now - self._started, 1e-9)
