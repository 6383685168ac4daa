"""Rows of a block that survive a kill, whatever state it left the files in."""

from pathlib import Path

import numpy as np
import pytest

from pacl_core.encoding import encoded as resumable
from pacl_core.encoding.encoded import ResumableBlock, block_file

ROWS = np.arange(12, dtype=np.float32).reshape(6, 2)


@pytest.fixture(autouse=True)
def note_every_batch(monkeypatch):
    monkeypatch.setattr(resumable, "SECONDS", -1)


def add(block: ResumableBlock, *places: int) -> None:
    block.add(np.array(places), ROWS[list(places)])


def test_rows_go_to_their_places_and_the_last_batch_finishes(tmp_path: Path) -> None:
    block = ResumableBlock(tmp_path, 3, 6)
    add(block, 5, 0, 1)
    assert not block_file(tmp_path, 3).exists()
    again = ResumableBlock(tmp_path, 3, 6)
    assert again.done == 3
    add(again, 4, 2, 3)
    assert np.load(block_file(tmp_path, 3)).tolist() == ROWS.tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["000003.npy"]


@pytest.mark.parametrize("broken", ["rows.npy", "done.json"])
@pytest.mark.parametrize("left", [b"", b"\x93NUM"])
def test_a_broken_file_is_started_again(tmp_path: Path, broken: str, left: bytes) -> None:
    add(ResumableBlock(tmp_path, 0, 6), 0, 1)
    (tmp_path / "000000" / broken).write_bytes(left)
    assert ResumableBlock(tmp_path, 0, 6).done == 0


def test_rows_of_another_block_are_not_taken(tmp_path: Path) -> None:
    add(ResumableBlock(tmp_path, 0, 6), 0, 1)
    assert ResumableBlock(tmp_path, 0, 7).done == 0


def test_records_are_kept_as_they_are(tmp_path: Path) -> None:
    record = np.zeros(2, [("phrase", np.int32, (3,)), ("score", np.float32, (3,))])
    record["phrase"][1] = 7
    ResumableBlock(tmp_path, 0, 2).add(np.array([0, 1]), record)
    assert np.load(block_file(tmp_path, 0)).tobytes() == record.tobytes()
