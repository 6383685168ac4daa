"""Which rows of a stored data set a prediction may have learnt from."""

import numpy as np
import polars as pl
import pytest

from pacl_core.datasets.task_data import training_targets
from pacl_core.datasets.tasks import Task

VALENCE = Task("valence", "regression", ("valence",))


@pytest.fixture
def dataset(tmp_path):
    path = tmp_path / "photos.parquet"
    pl.DataFrame(
        {
            "item_id": ["a", "b", "c", "d", "e"],
            "split": ["train", "train", "val", "test", "train"],
            "valence": pl.Series([0.1, 0.2, 0.3, 0.4, None], dtype=pl.Float32),
        }
    ).write_parquet(path)
    return path


def test_targets_are_of_the_training_split_only(dataset):
    assert training_targets(VALENCE, dataset, ["d"]).ravel() == pytest.approx(np.array([0.1, 0.2]))


def test_an_item_that_is_tested_is_not_learnt_from(dataset):
    assert training_targets(VALENCE, dataset, ["a", "d"]).ravel() == pytest.approx(np.array([0.2]))


def test_where_all_items_are_tested_the_targets_are_of_all(dataset):
    found = training_targets(VALENCE, dataset, ["a", "b", "c", "d"]).ravel()
    assert found == pytest.approx(np.array([0.1, 0.2, 0.3, 0.4]))
