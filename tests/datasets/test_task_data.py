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


@pytest.mark.parametrize("tested", [["a", "b", "c", "d"], ["b", "c", "d"]])
def test_where_training_items_are_tested_too_the_targets_are_of_all(dataset, tested):
    """Cross-validation, with an item left out as a leak or not."""
    found = training_targets(VALENCE, dataset, tested).ravel()
    assert found == pytest.approx(np.array([0.1, 0.2, 0.3, 0.4]))
