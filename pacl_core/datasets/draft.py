"""The first pass over a data set: every usable item, normalised, with its targets; splits come later."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice, takewhile
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from pacl_core.datasets.clip_frames import ClipFrames, Taking, with_frames
from pacl_core.datasets.clips import Clip, Edges
from pacl_core.datasets.conversion import ABSENT, Converted, Targets, convert
from pacl_core.datasets.readers import Item
from pacl_core.datasets.record import DatasetRecord, record_tasks
from pacl_core.datasets.subjects import subject_box, whether_shown
from pacl_core.datasets.tasks import SPLITS
from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json, write_json
from pacl_core.files.seen_ids import Seen
from pacl_core.files.tables import read_table, write_table
from pacl_core.media.boxes import BOXES_TYPE
from pacl_core.media.boxes import Box as PersonBox
from pacl_core.media.images import Box, NormalisedImage, with_images
from pacl_core.media.rejects import Rejected, Rejects, UnusableError, valid_name
from pacl_core.runtime.progress import Progress

PART = 256  # inputs to a part of the draft
_FIELDS = [
    ("item_id", pa.string()),
    ("image", pa.binary()),
    ("split", pa.string()),
    ("fold", pa.int8()),  # of a cross-validation: these two are null in a draft, and without one
    ("val_of", pa.int8()),
    ("pixel_hash", pa.string()),
    ("perceptual_hash", pa.uint64()),
]
_TARGETS = {"single_label": pa.int32(), "caption": pa.string()}
_CLIP_FIELDS = [
    ("frames", pa.list_(pa.binary())),
    ("times", pa.list_(pa.float32())),
    ("frames_hash", pa.string()),
    ("group", pa.string()),
]


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


def stored_schema(record: DatasetRecord) -> pa.Schema:
    """Columns of a stored data set: those of every set, the tasks', and what only some sets have.

    Of clips: `frames`, JPEGs; `times`, seconds in the file; `frames_hash`, of all frames' pixels; `group`,
    the film or whatever else keeps clips in one split. `image` and its hashes are of the middle frame. Of
    clips and of images with subjects: `frame_boxes`, a list of at most one box for each frame.
    """
    fields = list(_FIELDS)
    for task in record_tasks(record):
        if task.kind != "hierarchical":  # its columns are those of its levels
            kind = _TARGETS.get(task.kind, pa.float32())
            fields += [(column, kind) for column in task.columns]
    if record.frames is not None:
        fields += _CLIP_FIELDS
    if has_boxes(record):
        fields.append(("frame_boxes", BOXES_TYPE))
    return pa.schema(fields)


def has_boxes(record: DatasetRecord) -> bool:
    """Whether the boxes of the persons who are meant are stored."""
    return record.frames is not None or record.subjects


def draft_schema(record: DatasetRecord) -> pa.Schema:
    """Columns of a draft: the stored ones, and what the second pass needs to know of each item."""
    schema = stored_schema(record)
    for name in ("image_name", "file_hash", *(["subject"] if has_boxes(record) else [])):
        schema = schema.append(pa.field(name, pa.string()))
    return schema


def write_draft(
    items: Iterable[Item | Rejected],
    record: DatasetRecord,
    *,
    folder: Path,
    image_size: int,
    workers: int,
    refusals: Refusals,
) -> list[Path]:
    """Write `draft_schema` to parts in `folder`, streamed, and return these; add to `refusals`.

    Called again after a kill with the same items, it resumes after the last complete part.
    """
    schema = draft_schema(record)
    with Seen() as seen:
        parts = _whole_parts(folder)
        for part in parts:
            for item_id in read_table(part, ["item_id"])["item_id"].to_pylist():
                seen.add(item_id)
            for refusal in read_json(part.with_suffix(".json")):
                refusals.add(Refusal(*refusal))
        left = _converted(islice(items, len(parts) * PART, None), record)
        decoded = _decoded(left, record, image_size, workers=workers)
        with Progress(folder.name, None, len(parts) * PART) as progress:
            while chunk := list(islice(decoded, PART)):
                part = folder / f"part-{len(parts):05d}.parquet"
                rows, refused = _sorted_out(chunk, seen, schema)
                write_table(part, pa.Table.from_pylist(rows, schema=schema))
                write_json(part.with_suffix(".json"), refused)  # written last: it marks the part as complete
                for refusal in refused:
                    refusals.add(refusal)
                parts.append(part)
                progress.add(len(chunk))
    return parts


def _decoded(
    pending: Iterable["_Pending"], record: DatasetRecord, image_size: int, *, workers: int
) -> Iterator[tuple["_Pending", "_Decoded"]]:
    if record.frames is None:
        return with_images(pending, _image, image_size, workers=workers, box=_box)
    return with_frames(pending, _clip, Taking(record.frames, image_size), workers=workers)


def _sorted_out(
    chunk: list[tuple["_Pending", "_Decoded"]], seen: Seen, schema: pa.Schema
) -> tuple[list[dict[str, Any]], list[Refusal]]:
    """Rows of the usable items, and what was refused."""
    rows: list[dict[str, Any]] = []
    refusals: list[Refusal] = []
    for (item, found), image in chunk:
        refused = _refusal(item, found, image, seen=seen)
        if refused is not None:
            refusals.append(Refusal(valid_name(refused.source), refused.reason, valid_name(refused.detail)))
            continue
        assert isinstance(item, Item) and isinstance(image, NormalisedImage | ClipFrames)
        assert found is not None
        for problem in found.problems:
            refusals.append(Refusal(item.item_id, problem.reason, valid_name(problem.detail), problem.task))
        row = _row(item, image, found.targets)
        if isinstance(image, ClipFrames):
            row |= _clip_columns(image) | {"group": row["image_name"]}
        elif "frame_boxes" in schema.names:
            row |= _boxes([subject_box(item, image)], image)
        rows.append(row)
    return rows, refusals


def _whole_parts(folder: Path) -> list[Path]:
    """Parts of an earlier run, up to the first incomplete one."""
    numbered = (folder / f"part-{number:05d}.parquet" for number in count())
    return list(takewhile(lambda part: part.exists() and part.with_suffix(".json").exists(), numbered))


_Pending = tuple[Item | Rejected, Converted | None]
_Decoded = NormalisedImage | ClipFrames | UnusableError | None


def _converted(items: Iterable[Item | Rejected], record: DatasetRecord) -> Iterator[_Pending]:
    for item in items:
        yield item, convert(item.values, record) if isinstance(item, Item) else None


def _image(pending: _Pending) -> bytes | None:
    image = _content(pending)
    if isinstance(image, Clip):
        raise UserError("this data set is of clips; say in its record how many frames, such as 'frames: 8'")
    return image


def _clip(pending: _Pending) -> Clip | None:
    image = _content(pending)
    if isinstance(image, bytes):
        raise UserError("this data set is of images; leave 'frames' out of its record")
    return image


def _content(pending: _Pending) -> bytes | Clip | None:
    """None if the item is refused regardless of its image."""
    item, found = pending
    return item.image if isinstance(item, Item) and found is not None and found.usable else None


def _box(pending: _Pending) -> Box | None:
    item = pending[0]
    return item.box if isinstance(item, Item) else None


def _refusal(
    item: Item | Rejected,
    found: Converted | None,
    image: _Decoded,
    *,
    seen: Seen,
) -> Rejected | None:
    if isinstance(item, Rejected):
        return item
    if found is not None and not found.usable:
        if not found.problems:
            return Rejected(item.item_id, ABSENT, "no value for any task")
        first = found.problems[0]
        return Rejected(item.item_id, first.reason, f"task '{first.task}': {first.detail}")
    if isinstance(image, UnusableError):
        return image.rejected(item.item_id)
    if item.split is not None and item.split not in SPLITS:
        return Rejected(item.item_id, "unknown_split", f"'{item.split}'")
    if not seen.add(item.item_id):
        return Rejected(item.item_id, "duplicate_id", "an earlier item has this id")
    return None


def _row(item: Item, found: NormalisedImage | ClipFrames, targets: Targets) -> dict[str, Any]:
    image = found.middle if isinstance(found, ClipFrames) else found
    return {
        "item_id": item.item_id,
        "image": image.jpeg,
        "split": item.split,
        "pixel_hash": image.pixel_hash,
        "perceptual_hash": image.perceptual_hash,
        **targets,
        "image_name": item.item_id if item.image_name is None else item.image_name,
        "file_hash": found.file_hash if isinstance(found, ClipFrames) else file_hash(item),
    }


def _clip_columns(clip: ClipFrames) -> dict[str, Any]:
    return {
        "frames": [frame.jpeg for frame in clip.frames],
        "times": list(clip.times),
        "frames_hash": clip.frames_hash,
        **_boxes(clip.boxes, clip.middle),
    }


def _boxes(boxes: Sequence[Edges | None], image: NormalisedImage) -> dict[str, Any]:
    return {
        "frame_boxes": [[] if box is None else [PersonBox(*box)._asdict()] for box in boxes],
        "subject": whether_shown(boxes, image.width, image.height),
    }


def file_hash(item: Item) -> str:
    """SHA-256 of a published image's bytes and the box: it depends on neither `image_size` nor the
    decoder."""
    assert isinstance(item.image, bytes)
    digest = hashlib.sha256(item.image)
    if item.box is not None:
        digest.update(repr(item.box).encode())
    return digest.hexdigest()
