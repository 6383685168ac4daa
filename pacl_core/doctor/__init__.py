"""Will it run here? Checks of a project and its machine before any model is loaded."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """`state`: fine, note (it runs, but look), or stops (it will not run). `fix` says what to do."""

    what: str
    state: Literal["fine", "note", "stops"]
    detail: str
    fix: str | None = None
