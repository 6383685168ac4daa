"""Readers of data sets as published, found by file name.

A reader is a module here with `Options`, a `Section` that holds the record's `options`, and
`read(path, options)`, which yields every input, in a fixed order, as an `Item` or a `Rejected`. A new one
touches no existing file.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from pydantic import ValidationError

from pacl_core.datasets.items import Item
from pacl_core.datasets.record import DatasetRecord
from pacl_core.errors import UserError, unknown
from pacl_core.media.rejects import Rejected
from pacl_core.params.section import Section


def read_items(record: DatasetRecord, path: Path) -> Iterator[Item | Rejected]:
    """The items that lie at `path`, read as the record says.

    Raises `UserError`: unknown reader; an option that the reader does not take, naming its key; nothing at
    `path` (when the first item is asked for).
    """
    known = [module.name for module in iter_modules(__path__)]
    if record.reader not in known:
        raise unknown("reader", record.reader, known)
    reader = import_module(f"{__name__}.{record.reader}")
    items: Iterator[Item | Rejected] = reader.read(path, _options(record, reader.Options))
    return items


def _options(record: DatasetRecord, options: type[Section]) -> Section:
    try:
        return options.model_validate(record.options)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(("options", *(str(part) for part in first["loc"])))
        if first["type"] == "extra_forbidden":
            if not options.model_fields:
                raise UserError(f"{key}: the reader '{record.reader}' takes no options") from None
            raise UserError(
                f"{key}: {unknown('option', str(first['loc'][-1]), options.model_fields)}"
            ) from None
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{key}: {message[0].lower()}{message[1:]}") from None
