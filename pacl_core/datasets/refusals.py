"""What a data set's items were refused for: whole items, and single targets of items that are kept."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from pacl_core.media.rejects import Rejected, Rejects


class Refusal(NamedTuple):
    """Why an item is left out; or, with a `task`, why it has no target of that task alone."""

    source: str
    reason: str
    detail: str
    task: str | None = None


@dataclass(frozen=True)
class Refusals:
    """All refusals, listed in `rejects`. Counted by reason: `items`, and `targets` by task."""

    rejects: Rejects
    items: Counter[str] = field(default_factory=Counter)
    targets: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, refusal: Refusal) -> None:
        source, reason, detail, task = refusal
        if task is None:
            self.items[reason] += 1
            self.rejects.add(Rejected(source, reason, detail))
        else:
            self.targets.setdefault(task, Counter())[reason] += 1
            self.rejects.add(Rejected(source, reason, f"task '{task}': {detail}"))
