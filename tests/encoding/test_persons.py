"""Boxes of persons as a table, from the corpus, from a detector, or none."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pacl_core.encoding.encoded import Encoded
from pacl_core.encoding.persons import (
    PERSONS_SCHEMA,
    detected,
    given,
    nobody,
    write_frame_boxes,
    write_persons,
)
from pacl_core.media.boxes import BOXES_TYPE

BOX = {"left": 1.0, "top": 2.0, "right": 9.0, "bottom": 8.0, "score": 0.25}
LOW = BOX | {"score": 0.125}


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    path = tmp_path / "clips"
    path.mkdir()
    columns = {
        "sample_id": ["a", "b"],
        "times": [[0.0, 0.5], [0.0]],
        "width": [20, 20],
        "height": [10, 10],
        "given_boxes": pa.array([[[BOX, LOW], []], None], BOXES_TYPE),
    }
    pq.write_table(pa.table(columns), path / "0.parquet", write_page_checksum=True)
    return path


def rows(path: Path) -> list[dict[str, Any]]:
    table = pq.read_table(path)
    assert table.schema.equals(PERSONS_SCHEMA)
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def test_boxes_of_the_corpus_from_the_score_on(tmp_path: Path, clips: Path) -> None:
    counts = write_persons(tmp_path / "out.parquet", clips, given, score=0.25)
    assert rows(tmp_path / "out.parquet") == [
        {"sample_id": "a", "boxes": [[BOX], []]},
        {"sample_id": "b", "boxes": [[]]},
    ]
    assert counts == {"clips": 2, "frames": 3, "frames_with_a_person": 1, "boxes": 1}


def test_nobody_is_a_list_per_frame(tmp_path: Path, clips: Path) -> None:
    write_persons(tmp_path / "out.parquet", clips, nobody, score=0.25)
    assert [row["boxes"] for row in rows(tmp_path / "out.parquet")] == [[[], []], [[]]]


def test_what_a_detector_found_is_clipped_to_the_frame(tmp_path: Path, clips: Path) -> None:
    found = np.full((2, 2, 3, 5), np.nan, np.float32)
    found[0, 1, 0] = [-5, 1, 30, 4, 0.75]
    found[0, 1, 1] = [2, 2, 3, 3, 0.5]
    found[1, 0, 0] = [30, 1, 40, 4, 0.75]  # outside
    found[1, 1, 0] = [1, 1, 2, 2, 0.75]  # of a frame that the clip does not have
    np.save(tmp_path / "0.npy", found)
    encoded = Encoded((tmp_path / "0.npy",), np.array([0, 2]), range(2))
    write_persons(tmp_path / "out.parquet", clips, detected(encoded), score=0.25)
    assert [row["boxes"] for row in rows(tmp_path / "out.parquet")] == [
        [
            [],
            [
                {"left": 0, "top": 1, "right": 20, "bottom": 4, "score": 0.75},
                {"left": 2, "top": 2, "right": 3, "bottom": 3, "score": 0.5},
            ],
        ],
        [[]],
    ]


def test_of_an_item_all_persons_above_a_half_are_the_subject(tmp_path: Path) -> None:
    found = np.full((2, 2, 3, 5), np.nan, np.float32)
    found[0, 1, :2] = [[1, 1, 9, 4, 0.75], [2, 2, 3, 3, 0.5]]
    np.save(tmp_path / "0.npy", found)
    of_items = Encoded((tmp_path / "0.npy",), np.array([0, 2]), range(2))
    write_frame_boxes(tmp_path / "out.parquet", of_items, 2)
    box = {"left": 1, "top": 1, "right": 9, "bottom": 4, "score": 0.75}
    assert pq.read_table(tmp_path / "out.parquet")["frame_boxes"].to_pylist() == [[[], [box]], [[], []]]
