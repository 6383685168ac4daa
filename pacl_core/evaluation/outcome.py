"""What a protocol gives for one task, and why it gives nothing."""

from dataclasses import dataclass
from typing import Any

from pacl_core.evaluation.predictions import Predictions
from pacl_core.evaluation.tasks import Task


class NotApplicableError(Exception):
    """A protocol has no meaning for this data set and variant; the text says why."""


@dataclass(frozen=True)
class Outcome:
    """Predictions of one task on the test split, and on validation where the protocol uses it.

    `chosen` is a JSON value: what validation chose (epochs, regularisation), or the prompt. Zero-shot gives
    an outcome per prompt, each with a task of its own name.
    """

    task: Task
    predictions: list[Predictions]
    chosen: dict[str, Any]

    @property
    def test(self) -> Predictions:
        return next(part for part in self.predictions if part.split == "test")
