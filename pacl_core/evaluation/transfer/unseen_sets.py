"""The data sets of a transfer: what is fitted on, what is tested, and the images that are in both."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pacl_core.datasets.leaks import find_leaks, leak_counts, leaked_items
from pacl_core.datasets.tasks import Task, read_tasks
from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json
from pacl_core.files.tables import read_table, write_table

FITTED_ON = ("train", "val")
_HASHES = ("pixel_hash", "perceptual_hash")


@dataclass(frozen=True)
class StoredSet:
    """A stored data set: its table and tasks; `official`: whether its splits are its publisher's."""

    name: str
    table: Path
    tasks: list[Task]
    official: bool


@dataclass(frozen=True)
class UnseenSet:
    """A set that heads of another are tested on: `tested` [N], which of its items, and which images of these
    the other one has too (`leaks`, as the stage leaks counts them)."""

    stored: StoredSet
    tested: NDArray[np.bool_]
    leaks: dict[str, int] = field(default_factory=dict)
    excluded: int = 0


def read_stored(table: Path) -> StoredSet:
    """Read the description of a stored data set. Raises `UserError` where there is none."""
    tasks = read_tasks(table.with_suffix(".json"))
    splits = read_json(table.with_suffix(".json")).get("splits")
    return StoredSet(table.stem, table, tasks, splits != "ours")


def unseen_set(
    source: StoredSet,
    target: StoredSet,
    exclude: Literal["none", "exact", "near"],
    *,
    distance: int,
    leaked: Collection[str],
    work: Path,
) -> UnseenSet:
    """The test split of `target`, or all its items where the split is ours: nothing of it is fitted on.

    `exclude` leaves out items whose image is among those that `source` is fitted on, exactly or within
    `distance` bits, and the items `leaked`, known from elsewhere. Files are written in the folder `work`.
    Raises `UserError` where nothing is left.
    """
    fitted = read_table(source.table, columns=["item_id", "split", *_HASHES])
    fitted = fitted.filter(pc.is_in(fitted["split"], pa.array(FITTED_ON))).drop_columns("split")
    items = read_table(target.table, columns=["item_id", "split", *_HASHES])
    tested = np.array(items["split"].to_pylist(), object) == "test"
    if not target.official:
        tested[:] = True
    pairs, queries, found = (work / f"{name}.parquet" for name in ("fitted", "tested", "leaks"))
    write_table(pairs, fitted.rename_columns(["sample_id", *_HASHES]))
    write_table(queries, _as_test_items(items.filter(pa.array(tested))))
    leaks = find_leaks(pairs, queries, distance, work=work)
    write_table(found, leaks)
    counts = leak_counts(leaks, int(tested.sum()), distance)
    left_out = leaked_items(found, exclude) | set(leaked)
    out = tested & np.array([item in left_out for item in items["item_id"].to_pylist()], dtype=bool)
    if not (tested & ~out).any():
        raise UserError(f"{target.table}: no items to test heads of '{source.name}' on ({out.sum()} leaked)")
    return UnseenSet(target, tested & ~out, counts, int(out.sum()))


def _as_test_items(items: pa.Table) -> pa.Table:
    return items.set_column(
        items.schema.get_field_index("split"), "split", pa.array(["test"] * len(items), pa.string())
    )
