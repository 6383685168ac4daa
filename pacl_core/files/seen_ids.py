"""Ids seen so far, on disk: a corpus may have more of them than fit in memory."""

import sqlite3
from types import TracebackType
from typing import Self


class Seen:
    """A set of strings in a temporary file of SQLite, which is removed when the set is closed."""

    def __init__(self) -> None:
        self._ids = sqlite3.connect("")
        self._ids.execute("CREATE TABLE ids (id TEXT PRIMARY KEY) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ids.close()

    def add(self, name: str) -> bool:
        """Whether `name` is new."""
        return self._ids.execute("INSERT OR IGNORE INTO ids VALUES (?)", (name,)).rowcount == 1
