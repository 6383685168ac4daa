"""The clip filter: each bound, its reason, and that it reads tables alone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pacl_core.errors import UserError
from pacl_core.methods.emotionclip.selection import ClipTables, refused, write_selection
from pacl_core.params.clips import ClipFilterParams

RULE = ClipFilterParams()
PERSON, FAINT = {"score": 0.51}, {"score": 0.5}
GOOD: dict[str, Any] = {
    "start": 1.0,
    "end": 4.0,
    "text": "yes",
    "times": [n / 8 for n in range(8)],
    "neutral": float(np.float32(0.05)),
    "boxes": [[]] * 8,
}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, None),
        ({"end": 3.0}, "duration"),  # 2 s is not more than 2 s
        ({"end": 3.001}, None),
        ({"end": 11.0}, "duration"),
        ({"end": 10.999}, None),
        ({"text": "no"}, "short_text"),
        ({"neutral": 0.051}, "neutral"),
        ({"neutral": None}, None),
        ({"times": [0.0] * 7}, "few_frames"),
    ],
)
def test_bounds_of_the_published_filter(changed: dict[str, Any], reason: str | None) -> None:
    assert refused(GOOD | changed, RULE) == reason


def test_the_first_reason_is_given() -> None:
    assert refused(GOOD | {"end": 99.0, "text": "", "neutral": 1.0}, RULE) == "duration"


@pytest.mark.parametrize(("shown", "reason"), [(0, "no_person"), (3, "no_person"), (4, None), (8, None)])
def test_a_person_counts_above_the_score_alone(shown: int, reason: str | None) -> None:
    boxes = [[FAINT, PERSON]] * shown + [[FAINT]] * (8 - shown)
    rule = ClipFilterParams(min_person_share=0.5)
    assert refused(GOOD | {"boxes": boxes}, rule) == reason


def test_no_share_asks_for_no_person_and_no_bound_for_no_sentiment() -> None:
    assert refused(GOOD, RULE) is None
    assert refused(GOOD | {"neutral": 1.0}, ClipFilterParams(max_neutral=None)) is None


def tables(folder: Path, clips: list[dict[str, Any]]) -> ClipTables:
    ids = [str(number) for number in range(len(clips))]
    columns = {
        "clips": {name: [clip[name] for clip in clips] for name in ("start", "end", "text", "times")},
        "sentiment": {"neutral": pa.array([clip["neutral"] for clip in clips], pa.float32())},
        "persons": {"boxes": [clip["boxes"] for clip in clips]},
    }
    paths = []
    for name, those in columns.items():
        paths.append(folder / f"{name}.parquet")
        pq.write_table(pa.table({"sample_id": ids, **those}), paths[-1], write_page_checksum=True)
    return ClipTables(*paths)


def test_every_clip_has_a_line(tmp_path: Path) -> None:
    those = [
        GOOD | {"boxes": [[PERSON]] * 8},
        GOOD | {"text": "", "boxes": [[]]},
        GOOD | {"end": 2.0, "boxes": [[]]},
    ]
    counts = write_selection(tmp_path / "selection.parquet", tables(tmp_path, those), RULE)
    assert pq.read_table(tmp_path / "selection.parquet").to_pylist() == [
        {"sample_id": "0", "kept": True, "reason": None},
        {"sample_id": "1", "kept": False, "reason": "short_text"},
        {"sample_id": "2", "kept": False, "reason": "duration"},
    ]
    assert counts == {
        "clips": 3,
        "kept": 1,
        "left_out": 2,
        "left_out_by_reason": {"duration": 1, "short_text": 1},
    }


def test_tables_of_other_clips_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    two, one = tables(tmp_path, [GOOD, GOOD]), tables(tmp_path / "a", [GOOD])
    with pytest.raises(UserError, match="different numbers of rows"):
        write_selection(tmp_path / "out.parquet", replace(two, persons=one.persons), RULE)
