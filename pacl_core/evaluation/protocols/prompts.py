"""Class prompts of zero-shot classification."""

from collections.abc import Sequence

from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError

_CLASS = "[C]"


def class_names(task: Task) -> tuple[str, ...]:
    """What prompts call the classes of a single-label task, in index order."""
    return task.words or task.classes or ()


def class_prompts(prompt: str, names: Sequence[str]) -> list[str]:
    """The prompt for each class, in the order of `names`. Raises `UserError` for one without a [C]."""
    if _CLASS not in prompt:
        raise UserError(
            f"evaluate.zero_shot.prompts: '{prompt}' has no {_CLASS}; put it where the class goes"
        )
    return [prompt.replace(_CLASS, name) for name in names]
