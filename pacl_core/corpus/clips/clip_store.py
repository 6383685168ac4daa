"""Clips on disk: parquet parts video by video, and the rejects, all published whole.

Videos are read by threads, or by the processes of a Ray cluster, a few ahead; what they yield is kept on disk
until its turn, so memory does not depend on the number of clips, nor the bytes on who reads or on where a run
was interrupted.
"""

import hashlib
import json
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa

from pacl_core.corpus.clips.clip import Clip, Source
from pacl_core.corpus.clips.clip_list import ClipList, list_digest
from pacl_core.corpus.clips.clip_table import CLIPS_SCHEMA, clip_rows
from pacl_core.corpus.clips.cutting import CutClip, cut
from pacl_core.corpus.clips.frames import Open
from pacl_core.corpus.pair_parts import PART_BYTES, PairParts
from pacl_core.corpus.pair_store import StorePaths, publish, unfinished
from pacl_core.corpus.pair_store_state import PairStoreState
from pacl_core.files.json_csv import read_json, write_json
from pacl_core.media.rejects import Rejected, UnusableError
from pacl_core.params.clips import ClipsParams
from pacl_core.runtime.jobs import Job, Jobs, threads
from pacl_core.runtime.progress import counted

log = logging.getLogger("pacl")
ROW_GROUP = 32  # clips, with their frames some tens of megabytes
_AHEAD = 2  # videos per reader that are read before their turn
_SPILLED = 8  # clips that are written aside at once


@dataclass(frozen=True)
class Corpus:
    """`read` lists the clips, `open` opens their videos; both as `clips.readers` say."""

    read: Callable[[], Iterator[Clip | Rejected]]
    open: Open


def write_clips(
    corpus: Corpus,
    params: ClipsParams,
    paths: StorePaths,
    *,
    jobs: Jobs | None = None,
    part_bytes: int = PART_BYTES,
) -> dict[str, Any]:
    """Cut the clips that a corpus lists into part-*.parquet and the rejects; return the counts.

    Counts: read, clips, videos, frames, rejected, rejected_by_reason, cleaned_texts, boxes and
    boxes_left_out (by reason). A killed run resumes from the scratch folder after the last video that was
    noted, if the corpus lists the same. `jobs` read the videos (None: one thread);
    on Ray all nodes see `paths`. Raises `UserError` where no clip is left, with the rejects written.
    """
    check = "the path and the reader of these clips"
    with unfinished(paths) as state, threads(1) if jobs is None else nullcontext(jobs) as readers:
        listed = _listed(corpus, state, params, part_bytes=part_bytes)
        _store(corpus.open, listed, state, params=params, jobs=readers, part_bytes=part_bytes)
        reasons = publish(state, paths, "clip", empty=f"no clip was found; check {check}", check=check)
        return _counts(state, listed, reasons)


def _listed(corpus: Corpus, state: PairStoreState, params: ClipsParams, *, part_bytes: int) -> ClipList:
    """The list of clips, made now or by the run that is resumed."""
    digest = list_digest(corpus.read())
    if not PairParts(state, part_bytes, CLIPS_SCHEMA).whole():
        state.clear()
    if state.progress.digest and state.progress.digest != digest:
        log.info("the corpus has changed since this run began; starting afresh")
        state.clear()
    listed = ClipList(state)
    if state.progress.digest:
        log.info("continuing after %d videos", state.progress.inputs)
        return listed
    listed.fill(corpus.read(), params)
    state.progress.digest = digest
    state.commit()
    return listed


def _store(
    open_source: Open,
    listed: ClipList,
    state: PairStoreState,
    *,
    params: ClipsParams,
    jobs: Jobs,
    part_bytes: int,
) -> None:
    progress = state.progress
    parts = PairParts(state, part_bytes, CLIPS_SCHEMA)
    block: list[pa.Table] = []
    videos = clips = block_bytes = 0

    def flush() -> None:
        nonlocal block_bytes
        if block:
            parts.add(pa.concat_tables(block).combine_chunks(), block_bytes)
        block.clear()
        block_bytes = 0

    def commit() -> None:
        nonlocal videos, clips
        flush()
        progress.inputs += videos
        state.commit()
        parts.tidy()
        videos = clips = 0

    spills = _spills(open_source, listed, state, params=params, jobs=jobs)
    for spill in counted(spills, "videos"):
        for row in spill.rows(state):
            block.append(row)
            block_bytes += _size(row)
            clips += 1
            if len(block) >= ROW_GROUP or block_bytes >= part_bytes:
                flush()
        videos += 1
        spill.remove()
        if clips >= ROW_GROUP or videos >= ROW_GROUP:
            commit()
    commit()
    parts.close_part()
    commit()


@dataclass(frozen=True)
class _Spill:
    """What one video yielded, on disk: rows in an Arrow file, and rejects and counts as JSON."""

    path: Path

    def write(self, cut_clips: Iterator[CutClip | Rejected], originals: dict[str, str]) -> "_Spill":
        """All of it, a few clips at a time; returns itself."""
        rejects: list[tuple[str, str, str]] = []
        left_out: Counter[str] = Counter()
        waiting: list[CutClip] = []
        draft = self.path.with_suffix(
            f".{uuid4().hex}"
        )  # of this call: one on a lost node may still be writing
        with pa.OSFile(str(draft), "wb") as stream, pa.ipc.new_file(stream, CLIPS_SCHEMA) as writer:

            def flush() -> None:
                if waiting:
                    writer.write_table(clip_rows(waiting, [originals[one.clip.sample_id] for one in waiting]))
                waiting.clear()

            for one in cut_clips:
                if isinstance(one, Rejected):
                    rejects.append((one.source, one.reason, one.detail))
                    continue
                waiting.append(one)
                left_out += one.left_out
                if len(waiting) >= _SPILLED:
                    flush()
            flush()
        draft.replace(self.path)
        write_json(self._notes, {"rejects": rejects, "left_out": left_out})
        return self

    def rows(self, state: PairStoreState) -> Iterator[pa.Table]:
        """Clips one by one, noted in the state with rejects and counts; those that come again are rejects."""
        notes = read_json(self._notes)
        counts = state.progress.counts
        for source, reason, detail in notes["rejects"]:
            state.reject(Rejected(source, reason, detail))
        for reason, count in notes["left_out"].items():
            counts[f"left_out:{reason}"] += count
        with pa.OSFile(str(self.path)) as stream:
            file = pa.ipc.open_file(stream)
            for number in range(file.num_record_batches):
                rows = pa.Table.from_batches([file.get_batch(number)])
                for place in range(len(rows)):
                    row = rows.slice(place, 1)
                    sample_id = row["sample_id"][0].as_py()
                    content = _content(row)
                    if (kept := state.pair_with(content)) is not None:
                        state.reject(Rejected(sample_id, "duplicate_clip", kept))
                        continue
                    state.add_pair(sample_id, content)
                    counts["frames"] += len(row["frames"][0])
                    counts["boxes"] += sum(map(len, row["given_boxes"][0].as_py() or ()))
                    yield row

    def remove(self) -> None:
        self.path.unlink()
        self._notes.unlink()

    @property
    def _notes(self) -> Path:
        return self.path.with_suffix(".json")


def _spills(
    open_source: Open, listed: ClipList, state: PairStoreState, *, params: ClipsParams, jobs: Jobs
) -> Iterator[_Spill]:
    """What each video that is left yields, in the order of the list."""
    for old in state.folder.glob("video-*"):
        old.unlink()
    work = partial(_spilled, open_source=open_source, params=params)
    ahead: deque[Job] = deque()
    for video in range(state.progress.inputs, listed.videos()):
        spill = _Spill(state.folder / f"video-{video:09d}.arrow")
        wanted = listed.of(video + 1)
        ahead.append(jobs.start(wanted[0].name, work, spill, wanted))
        if len(ahead) >= _AHEAD * jobs.at_once:
            yield ahead.popleft().result()
    while ahead:
        yield ahead.popleft().result()


def _spilled(
    spill: _Spill, video: tuple[Source, list[Clip], list[str]], *, open_source: Open, params: ClipsParams
) -> _Spill:
    """A job: all that a video yields, written."""
    source, clips, texts = video
    originals = dict(zip((clip.sample_id for clip in clips), texts, strict=True))
    return spill.write(_cut(open_source, source, clips, params=params), originals)


def _cut(
    open_source: Open, source: Source, clips: list[Clip], *, params: ClipsParams
) -> Iterator[CutClip | Rejected]:
    """Clips of a video; all are rejected where it cannot be opened."""
    with ExitStack() as stack:
        try:
            frames = stack.enter_context(open_source(source))
        except UnusableError as error:
            named = UnusableError(error.reason, f"{source.name}: {error.detail}")
            yield from (named.rejected(clip.sample_id) for clip in clips)
            return
        yield from cut(frames, clips, params)


def _content(row: pa.Table) -> bytes:
    """A hash of frames and text."""
    digest = hashlib.sha256(json.dumps(row["text"][0].as_py()).encode())
    for frame in row["frames"][0]:
        digest.update(hashlib.sha256(frame.as_buffer()).digest())
    return digest.digest()[:16]


def _size(row: pa.Table) -> int:
    frames = sum(frame.as_buffer().size for frame in row["frames"][0])
    return int(frames + row["image"][0].as_buffer().size)


def _counts(state: PairStoreState, listed: ClipList, reasons: Counter[str]) -> dict[str, Any]:
    counts = state.progress.counts
    return {
        "read": state.progress.pairs + reasons.total(),
        "clips": state.progress.pairs,
        "videos": listed.videos(),
        "frames": counts["frames"],
        "rejected": reasons.total(),
        "rejected_by_reason": dict(sorted(reasons.items())),
        "cleaned_texts": counts["cleaned_texts"],
        "boxes": counts["boxes"],
        "boxes_left_out": state.progress.counts_of("left_out"),
    }
