"""Boxes of persons in clips' frames as a table, whoever found them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pacl_core.encoding.encoded import Encoded
from pacl_core.files.tables import Table, batches, table_writer
from pacl_core.media.boxes import BOXES_TYPE, Box, stored_boxes

PERSONS_SCHEMA = pa.schema(
    [pa.field("sample_id", pa.string(), nullable=False), pa.field("boxes", BOXES_TYPE, nullable=False)]
)
SUBJECT_SCORE = 0.5
"""All persons whose box has a score above it are the subject, where nobody is marked (as published)."""

_ITEMS_SCHEMA = pa.schema([pa.field("frame_boxes", BOXES_TYPE, nullable=False)])
_BATCH = 1024
_COLUMNS = ("sample_id", "times", "width", "height", "given_boxes")

Boxes = list[list[dict[str, float]]]  # a list per frame
Find = Callable[[int, list[dict[str, Any]]], Iterator[Boxes]]  # from the first row's number and the rows


def given(start: int, clips: list[dict[str, Any]]) -> Iterator[Boxes]:
    """The boxes that the corpus has; none in any frame where it has none."""
    for clip in clips:
        yield [[] for _ in clip["times"]] if clip["given_boxes"] is None else clip["given_boxes"]


def nobody(start: int, clips: list[dict[str, Any]]) -> Iterator[Boxes]:
    """No box in any frame."""
    return ([[] for _ in clip["times"]] for clip in clips)


def detected(found: Encoded) -> Find:
    """What a detector found, `[clips, frames, K, 5]`, clipped to the frames, in its order."""

    def boxes(start: int, clips: list[dict[str, Any]]) -> Iterator[Boxes]:
        rows = found.rows(start, start + len(clips))
        for clip, row in zip(clips, rows, strict=True):
            size = clip["width"], clip["height"]
            yield [_boxes(frame, size) for frame in row[: len(clip["times"])]]

    return boxes


def _boxes(rows: NDArray[np.float32], size: tuple[int, int]) -> list[dict[str, float]]:
    known = rows[~np.isnan(rows[:, 0])]
    kept, _ = stored_boxes((Box(*map(float, row)) for row in known), size, size)
    return [box._asdict() for box in kept]


def marks_nobody(items: Path) -> bool:
    """Whether no item of a data set of clips has a box of the person who is meant."""
    return not any(
        any(frames)
        for batch in batches(Table(items, ("frame_boxes",)), _BATCH)
        for frames in batch["frame_boxes"].to_pylist()
    )


def write_frame_boxes(out: Path, found: Encoded, count: int) -> None:
    """Publish `frame_boxes` of `count` items, row by row: what a detector is sure of, in its order."""
    with table_writer(out, _ITEMS_SCHEMA) as writer:
        for start in range(0, count, _BATCH):
            rows = found.rows(start, min(start + _BATCH, count))
            boxes = [
                [
                    [Box(*map(float, one))._asdict() for one in frame if one[4] > SUBJECT_SCORE]
                    for frame in row
                ]
                for row in rows
            ]
            writer.write_table(pa.table([boxes], schema=_ITEMS_SCHEMA))


def write_persons(out: Path, clips: Path, find: Find, *, score: float) -> dict[str, Any]:
    """Publish the boxes that `find` gives, from `score` on, in the order of `clips`; the counts.

    Counts: clips, frames, frames_with_a_person, boxes.
    """
    counts = dict.fromkeys(("clips", "frames", "frames_with_a_person", "boxes"), 0)
    least = float(np.float32(score))
    with table_writer(out, PERSONS_SCHEMA) as writer:
        for batch in batches(Table(clips, _COLUMNS), _BATCH):
            rows = batch.to_pylist()
            kept = [
                [[box for box in frame if box["score"] >= least] for frame in frames]
                for frames in find(counts["clips"], rows)
            ]
            writer.write_table(pa.table([batch["sample_id"], kept], schema=PERSONS_SCHEMA))
            counts["clips"] += len(rows)
            counts["frames"] += sum(map(len, kept))
            counts["frames_with_a_person"] += sum(bool(frame) for frames in kept for frame in frames)
            counts["boxes"] += sum(len(frame) for frames in kept for frame in frames)
    return counts
