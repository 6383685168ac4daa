"""The first pass over a data set: every usable item, normalised, with its targets; splits come later."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from pacl_core.artefacts.tables import table_writer
from pacl_core.corpus.normalising import with_pictures
from pacl_core.corpus.pictures import Box, Picture
from pacl_core.corpus.posts import Rejected, UnusableError
from pacl_core.corpus.rejects import Rejects
from pacl_core.corpus.seen import Seen
from pacl_core.evaluation.datasets.conversion import ABSENT, Converted, Targets, convert
from pacl_core.evaluation.datasets.items import Item
from pacl_core.evaluation.datasets.record import DatasetRecord
from pacl_core.evaluation.tasks import SPLITS, Task
from pacl_core.progress import counted

ROW_GROUP = 256
_FIELDS = [
    ("item_id", pa.string()),
    ("image", pa.binary()),
    ("split", pa.string()),
    ("pixel_hash", pa.string()),
    ("perceptual_hash", pa.uint64()),
]
Unfit = dict[str, Counter[str]]


def stored_schema(tasks: Iterable[Task]) -> pa.Schema:
    """Columns of a stored data set: those of every set, then the tasks'."""
    fields = list(_FIELDS)
    for task in tasks:
        if task.kind != "hierarchical":  # its columns are its levels'
            kind = pa.int32() if task.kind == "single_label" else pa.float32()
            fields += [(column, kind) for column in task.columns]
    return pa.schema(fields)


def write_draft(
    items: Iterable[Item | Rejected],
    record: DatasetRecord,
    tasks: Iterable[Task],
    path: Path,
    image_size: int,
    workers: int,
    rejects: Rejects,
) -> tuple[Counter[str], Unfit]:
    """Write `stored_schema` and `picture` to `path`, streamed; return what was refused.

    That is: items by reason, and of each task the targets that could not be made, by reason. Both are also
    listed in `rejects`.
    """
    schema = stored_schema(tasks).append(pa.field("picture", pa.string()))
    reasons: Counter[str] = Counter()
    unfit: Unfit = {}
    with table_writer(path, schema) as writer, Seen() as seen:
        rows: list[dict[str, Any]] = []
        decoded = with_pictures(_converted(items, record), _image, image_size, workers, _box)
        for (item, found), picture in counted(decoded, path.stem):
            refused = _refusal(item, found, picture, seen)
            if refused is not None:
                reasons[refused.reason] += 1
                rejects.add(refused)
                continue
            assert isinstance(item, Item) and isinstance(picture, Picture) and found is not None
            for problem in found.problems:
                unfit.setdefault(problem.task, Counter())[problem.reason] += 1
                detail = f"task '{problem.task}': {problem.detail}"
                rejects.add(Rejected(item.item_id, problem.reason, detail))
            rows.append(_row(item, picture, found.targets))
            if len(rows) >= ROW_GROUP:
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
                rows.clear()
        writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    return reasons, unfit


_Pending = tuple[Item | Rejected, Converted | None]


def _converted(items: Iterable[Item | Rejected], record: DatasetRecord) -> Iterator[_Pending]:
    for item in items:
        yield item, convert(item.values, record) if isinstance(item, Item) else None


def _image(pending: _Pending) -> bytes | None:
    """None where the item is refused whatever its picture."""
    item, found = pending
    return item.image if isinstance(item, Item) and found is not None and found.usable else None


def _box(pending: _Pending) -> Box | None:
    item = pending[0]
    return item.box if isinstance(item, Item) else None


def _refusal(
    item: Item | Rejected, found: Converted | None, picture: Picture | UnusableError | None, seen: Seen
) -> Rejected | None:
    if isinstance(item, Rejected):
        return item
    if found is not None and not found.usable:
        if not found.problems:
            return Rejected(item.item_id, ABSENT, "no value for any task")
        first = found.problems[0]
        return Rejected(item.item_id, first.reason, f"task '{first.task}': {first.detail}")
    if isinstance(picture, UnusableError):
        return picture.rejected(item.item_id)
    if item.split is not None and item.split not in SPLITS:
        return Rejected(item.item_id, "unknown_split", f"'{item.split}'")
    if not seen.add(item.item_id):
        return Rejected(item.item_id, "duplicate_id", "an earlier item has this id")
    return None


def _row(item: Item, picture: Picture, targets: Targets) -> dict[str, Any]:
    return {
        "item_id": item.item_id,
        "image": picture.jpeg,
        "split": item.split,
        "pixel_hash": picture.pixel_hash,
        "perceptual_hash": picture.perceptual_hash,
        **targets,
        "picture": item.item_id if item.picture is None else item.picture,
    }
