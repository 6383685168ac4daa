"""Features of a stored data set: for its items in its order, or refused."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pacl_core.datasets.features import holds_clips, read_features, unit_length
from pacl_core.errors import UserError
from pacl_core.files.vectors import write_vectors

VECTORS = np.array([[3, 4], [0, 2], [1, 0]], np.float32)


def dataset(path: Path, ids: str = "abc") -> Path:
    pq.write_table(pa.table({"item_id": list(ids)}), path)
    return path


@pytest.fixture
def features(tmp_path: Path) -> Path:
    stored = dataset(tmp_path / "d.parquet")
    write_vectors(tmp_path / "f", stored, lambda at, end: VECTORS[at:end], dim=2, id_column="item_id")
    return tmp_path / "f"


def test_features_are_those_of_the_data_set(features: Path, tmp_path: Path) -> None:
    assert read_features(features, tmp_path / "d.parquet").tolist() == VECTORS.tolist()


@pytest.mark.parametrize("ids", ["acb", "ab", "abcd"])
def test_features_of_other_items_are_refused(features: Path, tmp_path: Path, ids: str) -> None:
    with pytest.raises(UserError, match=r"features of other items than .*run 'dvc repro'"):
        read_features(features, dataset(tmp_path / "other.parquet", ids))


def test_unit_length_and_the_item_that_has_none(tmp_path: Path) -> None:
    scaled = unit_length(VECTORS, "abc", tmp_path / "d.parquet")
    assert scaled.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 1], [1, 0]]
    for wrong in (0.0, np.nan, np.inf):
        with pytest.raises(UserError, match="features of 1 items are zero or not finite, first 'b'"):
            unit_length(np.array([[1, 0], [wrong, 0]], np.float32), "ab", tmp_path / "d.parquet")


def test_clips_are_known_by_their_frames(tmp_path: Path) -> None:
    assert not holds_clips(dataset(tmp_path / "d.parquet"))
    pq.write_table(pa.table({"item_id": ["a"], "frames": [[b"x"]]}), tmp_path / "c.parquet")
    assert holds_clips(tmp_path / "c.parquet")
    with pytest.raises(UserError, match="missing"):
        holds_clips(tmp_path / "none.parquet")
