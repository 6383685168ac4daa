"""Readers of data sets as published, found by file name.

A reader is a module here with `Options`, a `Section` that holds the record's `options`, and
`read(path, options)`, which yields every input, in a fixed order, as an `Item` or a `Rejected`. A new one
touches no existing file.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from pacl_core.datasets.items import Item
from pacl_core.datasets.record import DatasetRecord
from pacl_core.errors import unknown
from pacl_core.media.rejects import Rejected
from pacl_core.params.reading import validated


def read_items(record: DatasetRecord, path: Path) -> Iterator[Item | Rejected]:
    """The items at `path`, read as the record says.

    Raises `UserError`: unknown reader; an option that the reader does not take, naming its key; nothing at
    `path` (when the first item is asked for).
    """
    known = [module.name for module in iter_modules(__path__)]
    if record.reader not in known:
        raise unknown("reader", record.reader, known)
    reader = import_module(f"{__name__}.{record.reader}")
    options = validated(record.options, reader.Options, f"options of reader '{record.reader}'")
    items: Iterator[Item | Rejected] = reader.read(path, options)
    return items
