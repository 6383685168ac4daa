"""What a corpus lists, in the SQLite file of an unfinished run: however many clips, memory stays small.

A list names clips in any order; videos are read one after the other, each once. So the list is kept by video.
"""

import hashlib
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pacl_core.corpus.cleaning import clean_text
from pacl_core.corpus.clips.clip import Clip, Source, check_span
from pacl_core.corpus.pair_store_state import PairStoreState
from pacl_core.media.rejects import Rejected, UnusableError, valid_name
from pacl_core.params.clips import ClipsParams

_TABLES = (
    "CREATE TABLE IF NOT EXISTS videos (number INTEGER PRIMARY KEY, source TEXT NOT NULL UNIQUE)",
    "CREATE TABLE IF NOT EXISTS clips (number INTEGER PRIMARY KEY, video INTEGER NOT NULL,"
    " id TEXT NOT NULL UNIQUE, start REAL NOT NULL, stop REAL NOT NULL, text TEXT NOT NULL,"
    " original TEXT NOT NULL, boxes TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS by_video ON clips (video, start, number)",
)


class ClipList:
    """Clips by video, each with its text as found."""

    def __init__(self, state: PairStoreState) -> None:
        self._state = state
        for statement in _TABLES:
            state.connection.execute(statement)

    def fill(self, found: Iterator[Clip | Rejected], params: ClipsParams) -> None:
        """List the clips whose times and text can be used; the others become rejects."""
        for item in found:
            rejected = item if isinstance(item, Rejected) else self._refused(item, params)
            if rejected is not None:
                self._state.reject(rejected)

    def videos(self) -> int:
        """How many videos have clips."""
        count: int = self._one("SELECT COUNT(*) FROM videos")[0]
        return count

    def of(self, video: int) -> tuple[Source, list[Clip], list[str]]:
        """A video by number, its clips by start, and their texts as found."""
        source = Source(*json.loads(self._one("SELECT source FROM videos WHERE number = ?", video)[0]))
        rows = self._state.connection.execute(
            "SELECT id, start, stop, text, boxes, original FROM clips WHERE video = ? ORDER BY start, number",
            (video,),
        ).fetchall()
        clips = [Clip(one, source, start, end, text, boxes) for one, start, end, text, boxes, _ in rows]
        return source, clips, [row[-1] for row in rows]

    def _refused(self, clip: Clip, params: ClipsParams) -> Rejected | None:
        """Add a clip, or say why not."""
        try:
            if clip.source.name in params.exclude:
                raise UnusableError("excluded", clip.source.name)
            check_span(clip.start, clip.end)
            text = clean_text(clip.text, params.text)
            sample_id = valid_name(clip.sample_id)
            if not sample_id.strip():
                raise UnusableError("missing_id", "the clip has no name")
            if self._one("SELECT COUNT(*) FROM clips WHERE id = ?", sample_id)[0]:
                raise UnusableError("duplicate_id", "an earlier clip has this id")
        except UnusableError as error:
            return error.rejected(clip.sample_id)
        self._state.progress.counts["cleaned_texts"] += text != clip.text.strip()
        self._state.connection.execute(
            "INSERT INTO clips (video, id, start, stop, text, original, boxes) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                self._video(clip.source),
                sample_id,
                clip.start,
                clip.end,
                text,
                valid_name(clip.text),
                clip.boxes,
            ),
        )
        return None

    def _video(self, source: Source) -> int:
        listed = json.dumps([valid_name(source.name), source.path, source.boxes])
        self._state.connection.execute("INSERT OR IGNORE INTO videos (source) VALUES (?)", (listed,))
        number: int = self._one("SELECT number FROM videos WHERE source = ?", listed)[0]
        return number

    def _one(self, query: str, *values: object) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._state.connection.execute(query, values).fetchone()
        return row


def list_digest(found: Iterator[Clip | Rejected]) -> str:
    """SHA-256 of what a corpus lists, and of sizes and times of the files that it lists.

    Videos are not read: hashing a terabyte to resume a run would take hours. DVC tells changed files by the
    same marks.
    """
    digest = hashlib.sha256()
    seen: set[int] = set()
    for item in found:
        digest.update(json.dumps(item if isinstance(item, tuple) else list(vars(item).values())).encode())
        if isinstance(item, Clip) and hash(item.source) not in seen:
            seen.add(hash(item.source))
            digest.update("".join(map(_mark, (item.source.path, item.source.boxes))).encode())
    return digest.hexdigest()


def _mark(path: str) -> str:
    if not path:
        return "-"
    try:
        status = Path(path).stat()
        if stat.S_ISDIR(status.st_mode):
            files = sorted((one.name, one.stat()) for one in Path(path).iterdir())
            return repr([(name, one.st_size, one.st_mtime_ns) for name, one in files])
    except (OSError, ValueError) as error:
        return type(error).__name__
    return f"{status.st_size} {status.st_mtime_ns}"
