"""Neighbours by vectors against a loop."""

import numpy as np
import pytest

from pacl_core.errors import UserError
from pacl_core.explorer.neighbours import neighbours, open_vectors
from pacl_core.files.vectors import Vectors, write_vectors
from tests.small_run import PAIRS


def cosine(one, other):
    lengths = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return float(one @ other) / lengths if lengths else 0.0


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_the_most_similar_rows_come_first(tmp_path, monkeypatch, dtype):
    monkeypatch.setattr("pacl_core.explorer.neighbours.BLOCK", 7)  # the last block is shorter
    rows = np.random.default_rng(0).normal(size=(20, 5)).astype(dtype)
    rows[4] = 0
    found = neighbours(Vectors(tmp_path, rows), 3, 6)
    wide = rows.astype(np.float64)
    expected = sorted((row for row in range(20) if row != 3), key=lambda row: -cosine(wide[row], wide[3]))
    assert [row for row, _ in found] == expected[:6]
    assert [value for _, value in found] == pytest.approx(
        [cosine(wide[r], wide[3]) for r in expected[:6]], abs=1e-5
    )


def test_equal_vectors_come_by_row_and_there_are_no_more_than_there_are(tmp_path):
    found = neighbours(Vectors(tmp_path, np.ones((4, 2), np.float32)), 1, 9)
    assert [row for row, _ in found] == [0, 2, 3]
    assert neighbours(Vectors(tmp_path, np.ones((1, 2), np.float32)), 0, 9) == []


def test_vectors_of_another_run_are_left_out(root, tmp_path):
    write_vectors(
        tmp_path / "image", root / "data/pairs", lambda a, b: np.ones((b - a, 3), np.float32), dim=3
    )
    folders = {"image": tmp_path / "image", "text": tmp_path / "text"}
    assert list(open_vectors(folders, PAIRS)) == ["image"]
    assert open_vectors(folders, PAIRS + 1) == {}
    (tmp_path / "image/vectors.npy").write_bytes(b"damaged")
    with pytest.raises(UserError, match="delete the folder"):
        open_vectors(folders, PAIRS)
