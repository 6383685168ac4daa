"""Rounds of fitting and predicting, read from a table's columns."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pacl_core.datasets.rounds import predicted, read_with_rounds, rounds, the_split
from pacl_core.errors import UserError

SPLIT = ["train", "train", "val", "test"]
FOLDS = {
    "split": SPLIT,
    "fold": pa.array([0, 0, 1, 1], pa.int8()),
    "val_of": pa.array([None, 1, 0, None], pa.int8()),
}
NONE = {"fold": pa.array([None] * 4, pa.int8()), "val_of": pa.array([None] * 4, pa.int8())}


def as_text(masks: dict[str, np.ndarray]) -> str:
    return "".join(
        next(name[:2] for name, mask in masks.items() if mask[row]) + " " for row in range(4)
    ).strip()


def test_a_round_per_fold() -> None:
    table = pa.table(FOLDS)
    assert [as_text(one) for one in rounds(table)] == ["te te va tr", "tr va te te"]
    assert as_text(the_split(table)) == "tr tr va te"
    assert predicted(table).all()


@pytest.mark.parametrize("columns", [{}, NONE])
def test_without_folds_the_split_is_the_only_round(columns: dict[str, pa.Array]) -> None:
    table = pa.table({"split": SPLIT, **columns})
    assert [as_text(one) for one in rounds(table)] == ["tr tr va te"]
    assert predicted(table).tolist() == [False, False, False, True]


def test_columns_of_folds_are_read_where_they_are(tmp_path: Path) -> None:
    pq.write_table(pa.table({"item_id": list("abcd"), "x": [1, 2, 3, 4], **FOLDS}), tmp_path / "d.parquet")
    read = read_with_rounds(("item_id",), tmp_path / "d.parquet")
    assert read.column_names == ["item_id", "split", "fold", "val_of"]
    pq.write_table(pa.table({"split": SPLIT}), tmp_path / "d.parquet")
    assert read_with_rounds((), tmp_path / "d.parquet").column_names == ["split"]
    with pytest.raises(UserError, match=r"none\.parquet: missing; run 'dvc repro downstream'"):
        read_with_rounds((), tmp_path / "none.parquet")
