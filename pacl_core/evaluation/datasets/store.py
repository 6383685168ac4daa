"""Downstream data sets on disk: one parquet of items, a JSON description and the rejects beside it."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pacl_core.artefacts.json_file import write_json
from pacl_core.artefacts.tables import table_writer
from pacl_core.corpus.normalising import with_pictures
from pacl_core.corpus.pictures import Picture
from pacl_core.corpus.posts import Rejected, UnusableError
from pacl_core.corpus.seen import Seen
from pacl_core.errors import UserError
from pacl_core.evaluation.datasets.records import DownstreamSet, Record
from pacl_core.evaluation.tasks import SPLITS, Task
from pacl_core.progress import counted

ROW_GROUP = 256


def write_dataset(dataset: DownstreamSet, path: Path, image_size: int, workers: int = 1) -> dict[str, Any]:
    """Normalise the items into `path` (parquet) and describe them in the .json beside it; return that.

    Rejected items are counted by reason in the description. Raises `UserError` where a split stays empty.
    """
    schema = _schema(dataset.tasks)
    items: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    with table_writer(path, schema) as writer, Seen() as seen:
        rows: list[dict[str, Any]] = []
        decoded = with_pictures(dataset.records, _image, image_size, workers)
        for record, picture in counted(decoded, path.stem):
            reason = _refusal(record, picture, seen)
            if reason is not None:
                reasons[reason] += 1
                continue
            assert isinstance(record, Record) and isinstance(picture, Picture)
            items[record.split] += 1
            rows.append(_row(record, picture))
            if len(rows) >= ROW_GROUP:
                _flush(writer, rows, schema)
        _flush(writer, rows, schema)
        empty = [split for split in SPLITS if not items[split]]
        if empty:
            refused = f"; rejected: {dict(reasons)}" if reasons else ""
            raise UserError(f"{path.stem}: no usable item in split {', '.join(empty)}{refused}")
    description = _description(path.stem, dataset, items, reasons)
    write_json(path.with_suffix(".json"), description)
    return description


def _schema(tasks: tuple[Task, ...]) -> pa.Schema:
    fields = [
        ("item_id", pa.string()),
        ("image", pa.binary()),
        ("split", pa.string()),
        ("pixel_hash", pa.string()),
    ]
    for task in tasks:
        kind = pa.int32() if task.kind == "single_label" else pa.float32()
        fields += [(column, kind) for column in task.columns]
    return pa.schema(fields)


def _image(record: Record | Rejected) -> bytes | None:
    return record.image if isinstance(record, Record) else None


def _refusal(record: Record | Rejected, picture: Picture | UnusableError | None, seen: Seen) -> str | None:
    if isinstance(record, Rejected):
        return record.reason
    if isinstance(picture, UnusableError):
        return picture.reason
    return None if seen.add(record.item_id) else "duplicate_id"


def _row(record: Record, picture: Picture) -> dict[str, Any]:
    return {
        "item_id": record.item_id,
        "image": picture.jpeg,
        "split": record.split,
        "pixel_hash": picture.pixel_hash,
        **record.targets,
    }


def _flush(writer: pq.ParquetWriter, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    rows.clear()


def _description(
    name: str, dataset: DownstreamSet, items: Counter[str], reasons: Counter[str]
) -> dict[str, Any]:
    scales = dataset.scales
    return {
        "name": name,
        "tasks": [
            {
                "name": task.name,
                "kind": task.kind,
                "columns": list(task.columns),
                "classes": list(task.classes) if task.classes else None,
                "scale": list(scales[task.name]) if task.name in scales else None,
            }
            for task in dataset.tasks
        ],
        "source": dataset.source,
        "licence": dataset.licence,
        "citation": dataset.citation,
        "counts": {
            "items": {split: items[split] for split in SPLITS},
            "rejected_by_reason": dict(sorted(reasons.items())),
        },
    }
