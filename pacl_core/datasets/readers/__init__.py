"""Readers of data sets as published, found by file name.

A reader is a module here with `Options`, a `Section` that holds the record's `options`, and
`read(path, options)`, which yields every input, in a fixed order, as an `Item` or a `Rejected`. A new one
touches no existing file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from pacl_core.datasets.clips import Clip, Edges
from pacl_core.datasets.record import DatasetRecord
from pacl_core.errors import UserError, unknown
from pacl_core.media.images import Box
from pacl_core.media.rejects import Rejected
from pacl_core.params.section import Section, validated


@dataclass(frozen=True)
class Item:
    """One item: undecoded image bytes, or a clip, and the published values by name, labels as text.

    `split` is the official one in {train, val, test}, None where there is none. `image_name` names the image
    where several items share one, or whatever else keeps them in one split (default: the item itself).
    `box`: the part of the image that is meant, left, top, right, bottom in its own pixels. `subject`: the box
    of the person who is meant, in the same pixels; the whole image is kept. A clip has boxes of its own.
    """

    item_id: str
    image: bytes | Clip
    values: Mapping[str, str | float | None]
    split: str | None = None
    image_name: str | None = None
    box: Box | None = None
    subject: Edges | None = None


def read_items(record: DatasetRecord, path: Path) -> Iterator[Item | Rejected]:
    """The items at `path`, read as the record says.

    Raises `UserError`: unknown reader; an option that the reader does not take, naming its key; nothing at
    `path` (when the first item is asked for).
    """
    reader, options = _reader(record)
    items: Iterator[Item | Rejected] = reader.read(path, options)
    return items


def with_classes(record: DatasetRecord, path: Path) -> DatasetRecord:
    """The record with the classes that its reader finds at `path`, for tasks with `classes_from: data`.

    A reader that can has `classes(path, options)`: their names in the order of their indices, which depends
    on no order of files. Raises `UserError`, and where the reader cannot.
    """
    found = {name: task for name, task in record.tasks.items() if task.classes_from}
    if not found:
        return record
    reader, options = _reader(record)
    if not hasattr(reader, "classes"):
        raise UserError(
            f"task '{next(iter(found))}': reader '{record.reader}' lists no classes of the data; write them "
            "into 'classes'"
        )
    filled = {"classes": reader.classes(path, options), "classes_from": None}
    tasks = {
        name: task.model_copy(update=filled) if name in found else task for name, task in record.tasks.items()
    }
    return record.model_copy(update={"tasks": tasks})


def _reader(record: DatasetRecord) -> tuple[ModuleType, Section]:
    known = [module.name for module in iter_modules(__path__)]
    if record.reader not in known:
        raise unknown("reader", record.reader, known)
    reader = import_module(f"{__name__}.{record.reader}")
    return reader, validated(record.options, reader.Options, f"options of reader '{record.reader}'")
