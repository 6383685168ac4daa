"""Clips to learn from, out of a corpus' tables: those selected, their frames in one file of scratch space.

Random reads from parquet would unpack hundreds of rows for each clip; memory holds texts, logits and boxes.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacl_core.errors import UserError
from pacl_core.files.tables import Table, aligned
from pacl_core.methods.emotionclip.clips import Clips, Frames
from pacl_core.methods.emotionclip.selection import stored_bound
from pacl_core.models.subject.coverage import Boxes, as_boxes

_BATCH = 64  # clips at a time, each of some hundred kilobytes
FRAMES, INDEX = "frames.bin", "frames.npz"


@dataclass(frozen=True)
class StoredTables:
    """Paths of tables of the same clips in the same order, with these columns besides `sample_id`.

    `clips`: text, frames (list of JPEG). `sentiment`: logits (list of float, null where there are none).
    `persons`: boxes (a list per frame of left, top, right, bottom, score in its pixels). `selection`: kept.
    """

    clips: Path
    sentiment: Path
    persons: Path
    selection: Path


@dataclass
class _Unpacked:
    """What is gathered of the clips that are kept; `ends` of frames in the file, `first` frame of a clip."""

    sample_ids: list[str]
    texts: list[str]
    logits: list[list[float] | None]
    boxes: list[NDArray[np.float32]]
    box_counts: list[int]
    ends: list[int]
    first: list[int]


def stored_clips(tables: StoredTables, work: Path, *, box_score: float = 0.5) -> Clips:
    """The clips that are kept; the boxes of a frame are those with a score above `box_score`.

    Their frames are unpacked into `work` once; a run that was killed finds them. Raises `UserError` where the
    tables are not of the same clips, no clip is kept, or one has no frames.
    """
    if not (work / INDEX).is_file():
        _unpack(tables, work, box_score)
    with np.load(work / INDEX, allow_pickle=False) as index:
        ends, first, box_ends, boxes = (index[name] for name in ("ends", "first", "box_ends", "boxes"))
        sentiment = index["sentiment"]
        ids, texts = (json.loads(bytes(index[name])) for name in ("sample_ids", "texts"))
    starts = np.concatenate([[0], ends])
    box_starts = np.concatenate([[0], box_ends])
    data = np.memmap(work / FRAMES, np.uint8, "r")

    def frames(row: int) -> Frames:
        places = range(first[row], first[row + 1])
        images = [data[starts[place] : starts[place + 1]].tobytes() for place in places]
        found: list[Boxes] = [
            boxes[box_starts[place] : box_starts[place + 1]].astype(np.float64) for place in places
        ]
        return Frames(images, found)

    return Clips(ids, texts, sentiment, frames)


def _unpack(tables: StoredTables, work: Path, box_score: float) -> None:
    found = _Unpacked([], [], [], [], [], [], [0])
    read = (
        Table(tables.clips, ("text", "frames")),
        Table(tables.sentiment, ("logits",)),
        Table(tables.persons, ("boxes",)),
        Table(tables.selection, ("kept",)),
    )
    position = 0
    with (work / FRAMES).open("wb") as out:
        for parts in aligned(read, _BATCH):
            for row in np.flatnonzero(parts[3]["kept"].to_numpy(zero_copy_only=False)).tolist():
                one = {
                    name: part[name][row].as_py()
                    for part, names in zip(
                        parts, (("sample_id", "text", "frames"), ("logits",), ("boxes",)), strict=False
                    )
                    for name in names
                }
                if not one["frames"] or len(one["boxes"]) != len(one["frames"]):
                    raise UserError(
                        f"{tables.persons}: {one['sample_id']} has {len(one['boxes'])} lists of boxes for "
                        f"{len(one['frames'])} frames; run 'dvc repro' to rebuild what is stale"
                    )
                for image in one["frames"]:
                    position += out.write(image)
                    found.ends.append(position)
                _note(found, one, box_score)
    if not found.sample_ids:
        raise UserError(f"{tables.selection}: keeps no clip; widen the filter")
    # written last: where it is, the frames are whole
    draft = work / f"draft.{INDEX}"
    with draft.open("wb") as stream:
        np.savez(
            stream,
            ends=np.array(found.ends, np.int64),
            first=np.array(found.first, np.int64),
            box_ends=np.cumsum(found.box_counts, dtype=np.int64),
            boxes=np.concatenate(found.boxes),
            sentiment=_logits(found, tables.sentiment),
            sample_ids=np.frombuffer(json.dumps(found.sample_ids).encode(), np.uint8),
            texts=np.frombuffer(json.dumps(found.texts).encode(), np.uint8),
        )
    draft.replace(work / INDEX)


def _note(found: _Unpacked, one: dict[str, Any], box_score: float) -> None:
    found.sample_ids.append(one["sample_id"])
    found.texts.append(one["text"])
    found.logits.append(one["logits"])
    found.first.append(len(found.ends))
    for frame in one["boxes"]:
        sides = [
            [box["left"], box["top"], box["right"], box["bottom"]]
            for box in frame or []
            if box["score"] > stored_bound(box_score)  # as the filter counts it
        ]
        found.box_counts.append(len(sides))
        found.boxes.append(as_boxes(sides).astype(np.float32))


def _logits(found: _Unpacked, path: Path) -> NDArray[np.float32]:
    """[N, K]; a row of NaN where a clip has none. K is 2 where none has any."""
    widths = {len(one) for one in found.logits if one is not None}
    if len(widths) > 1:
        raise UserError(f"{path}: rows of {sorted(widths)} logits; run 'dvc repro' to rebuild what is stale")
    width = widths.pop() if widths else 2
    return np.array([[np.nan] * width if one is None else one for one in found.logits], np.float32)
