"""Boxes of the published corpus by the time of a frame."""

import json
from pathlib import Path

import pytest

from pacl_core.corpus.clips.published_boxes import PublishedBoxes
from pacl_core.media.boxes import Box
from pacl_core.media.rejects import UnusableError

SIZE = (640, 640)  # no padding, ratio 1


def test_frame_n_is_shown_from_n_less_one_eighths_on(tmp_path: Path) -> None:
    path = tmp_path / "human_boxes.json"
    path.write_text(
        json.dumps([{"00000001.jpg": [[1, 2, 3, 4, 0.5]]}, {"00000003.jpg": [[5, 6, 7, 8, 0.9]]}])
    )
    boxes = PublishedBoxes(path, 8)
    assert boxes.at(0.0, SIZE) == [Box(1, 2, 3, 4, 0.5)]
    assert boxes.at(0.125, SIZE) == []
    assert boxes.at(2 / 8, SIZE) == [Box(5, 6, 7, 8, 0.9)]
    assert boxes.at(99, SIZE) == []


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"00000001.jpg": 3}]'])
def test_other_forms_are_reasons(tmp_path: Path, text: str) -> None:
    path = tmp_path / "human_boxes.json"
    path.write_text(text)
    with pytest.raises(UnusableError, match="bad_boxes"):
        PublishedBoxes(path, 8).at(0, SIZE)
    with pytest.raises(UnusableError, match="missing_boxes"):
        PublishedBoxes(tmp_path / "none.json", 8).at(0, SIZE)
