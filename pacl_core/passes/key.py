"""When finished pieces of a pass may be used again: same pairs, model, batch, code and libraries."""

from importlib.metadata import version
from pathlib import Path

from pacl_core.artefacts.aligned import Table
from pacl_core.artefacts.code_hash import code_sha256
from pacl_core.artefacts.content import table_sha256


def pass_key(table: Path, columns: tuple[str, ...], model: object, batch: int) -> dict[str, object]:
    """The scratch key of a model pass over `columns` of `table`; `model` is a JSON value that names it."""
    return {
        "input": table_sha256(Table(table, columns)),
        "model": model,
        # the batch is part of it: other batches round differently, and a resumed run must not mix them
        "batch": batch,
        "code": code_sha256("passes", "models"),
        "torch": version("torch"),
    }
