"""Rounds of fitting and predicting, from the columns of a stored data set: its split, or one round per fold.

In a round per fold, `test` is the fold, `val` what its choices are made by, and `train` all the rest, so that
over all rounds each item is predicted once, by what never saw it.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pacl_core.datasets.tasks import SPLITS
from pacl_core.errors import UserError
from pacl_core.files.tables import read_table

Round = dict[str, NDArray[np.bool_]]  # the three splits -> which rows [N]


def stored_names(dataset: Path) -> list[str]:
    """Names of the columns of a stored data set. Raises `UserError` where there is none."""
    try:
        names: list[str] = pq.read_schema(dataset).names
    except FileNotFoundError:
        raise UserError(f"{dataset}: missing; run 'dvc repro downstream'") from None
    return names


def read_with_rounds(columns: Iterable[str], dataset: Path) -> pa.Table:
    """These columns and those that `the_split`, `rounds` and `predicted` need.

    A table without columns of folds has no folds.
    """
    present = stored_names(dataset)
    folds = [name for name in ("fold", "val_of") if name in present]
    return read_table(dataset, [*columns, "split", *folds])


def the_split(table: pa.Table) -> Round:
    """The official split, else 8:1:1, whether there are folds or not."""
    split = np.array(table["split"].to_pylist(), object)
    return {name: split == name for name in SPLITS}


def rounds(table: pa.Table) -> list[Round]:
    """One round per fold, in order; without folds the split alone."""
    fold = _fold(table)
    if fold is None:
        return [the_split(table)]
    val_of = np.array(table["val_of"].fill_null(-1))
    found = []
    for number in range(int(fold.max()) + 1):
        test, val = fold == number, val_of == number
        found.append({"train": ~test & ~val, "val": val, "test": test})
    return found


def predicted(table: pa.Table) -> NDArray[np.bool_]:
    """Which rows [N] are predicted in any round."""
    fold = _fold(table)
    return the_split(table)["test"] if fold is None else fold >= 0


def _fold(table: pa.Table) -> NDArray[np.int8] | None:
    if "fold" not in table.column_names or table["fold"].null_count == len(table):
        return None
    return np.array(table["fold"].fill_null(-1))
