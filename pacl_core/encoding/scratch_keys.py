"""Scratch keys of encoding: finished blocks are reused for the same table, model, device and code."""

from pathlib import Path
from typing import Any, Protocol

import pyarrow.parquet as pq

from pacl_core.files.tables import Table, part_files, table_sha256
from pacl_core.models.weights import libraries, weights_content
from pacl_core.runtime.scratch import code_sha256
from pacl_core.runtime.settings import Runtime

CODE = ("encoding", "media", "models", "runtime/threads.py")


class ModelParams(Protocol):
    """A section that names a model."""

    @property
    def weights(self) -> str | None: ...

    def model_dump(self) -> dict[str, Any]: ...


def encoding_key(
    table: Path, columns: tuple[str, ...], model: ModelParams, *, machine: Runtime
) -> dict[str, object]:
    """The scratch key of a model that encodes what `columns` (texts) of `table` identify.

    The engine is not part of it: one may finish what the other started.
    """
    return {
        **input_key(table, columns),
        "model": model.model_dump(),
        "weights": weights_content(model.weights),
        **machine_key(machine),
    }


def input_key(table: Path, columns: tuple[str, ...]) -> dict[str, object]:
    """The columns' content, row by row, and its layout in files and row groups, as blocks follow the
    files."""
    return {
        "input": table_sha256(Table(table, columns)),
        # bytes of a row group: images that are stored differently have the same hashes but other sizes
        "files": [[group.total_byte_size for group in _groups(file)] for file in part_files(table)],
    }


def machine_key(machine: Runtime) -> dict[str, object]:
    """What decides the last bits: other batches or devices round differently, and must not be mixed."""
    return {
        "batch": machine.batch,
        "device": machine.device,
        "code": code_sha256(*CODE),
        "libraries": libraries(),
    }


def _groups(file: Path) -> list[Any]:
    metadata = pq.read_metadata(file)
    return [metadata.row_group(group) for group in range(metadata.num_row_groups)]
