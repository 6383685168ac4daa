"""Refusals of items and of single targets, and the description that counts both."""

from collections import Counter

import polars as pl
import pyarrow.parquet as pq

from pacl_core.datasets.description import describe
from pacl_core.datasets.draft import Refusal, Refusals
from pacl_core.datasets.record import DatasetRecord
from pacl_core.media.rejects import REJECTED_SCHEMA, Rejects

RECORD = DatasetRecord.model_validate(
    {
        "reader": "none",
        "tasks": {
            "mood": {"kind": "single_label", "column": "label", "classes": ["calm", "tense"]},
            "marks": {"kind": "multi_label", "columns": ["m", "n"]},
        },
        "source": "made up",
        "licence": "none",
        "citation": "nobody",
    }
)
GIVEN = [
    Refusal("a", "missing_image", "no file"),
    Refusal("b", "not_a_mark", "m is 'x'", "marks"),
    Refusal("c", "placeholder", "several labels"),
    Refusal("d", "placeholder", "several labels"),
]


def test_refusals_are_counted_by_reason_and_all_listed(tmp_path):
    with (
        pq.ParquetWriter(tmp_path / "rejected.parquet", REJECTED_SCHEMA) as writer,
        Rejects(writer) as rejects,
    ):
        refusals = Refusals(rejects)
        for refusal in GIVEN:
            refusals.add(refusal)
        described = describe("x", RECORD, items(), splits="official", refusals=refusals, duplicates=1)
    assert refusals.items == Counter(missing_image=1, placeholder=2)
    assert refusals.targets == {"marks": Counter(not_a_mark=1)}
    listed = pl.read_parquet(tmp_path / "rejected.parquet").rows()
    assert listed[:2] == [("a", "missing_image", "no file"), ("b", "not_a_mark", "task 'marks': m is 'x'")]
    assert [source for source, *_ in listed] == ["a", "b", "c", "d"]
    assert described["counts"] == {
        "items": {"train": 2, "val": 1, "test": 0},
        "folds": [1, 2],
        "targets": {
            "mood": {"train": 1, "val": 1, "test": 0},
            "marks": {"train": 2, "val": 0, "test": 0},
        },
        "classes": {
            "mood": {"train": [0, 1], "val": [1, 0], "test": [0, 0]},
            "marks": {"train": [1, 2], "val": [0, 0], "test": [0, 0]},
        },
        "rejected_by_reason": {"missing_image": 1, "placeholder": 2},
        "targets_rejected": {"marks": {"not_a_mark": 1}},
        "placeholders": 2,
        "duplicates_across_splits": 1,
    }


def items() -> pl.DataFrame:
    columns = {
        "split": ["train", "train", "val"],
        "fold": [1, 0, 1],
        "mood": [1, None, 0],
        "m": [1.0, 0.0, None],
        "n": [1.0, 1.0, None],
    }
    return pl.DataFrame(columns)
