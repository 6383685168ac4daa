"""Predictions smoothed within each film, never across two."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError
from scipy.signal import savgol_filter

from pacl_core.datasets.record import Smooth
from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.predictions import Outcome, Predictions
from pacl_core.evaluation.protocols.smoothing import smooth, smoothed

HOW = {"window": 5, "order": 2}
RATINGS = Task("va", "regression", ("valence", "arousal"))
LABEL = Task("mood", "single_label", ("mood",), ("calm", "tense"))


def values(items: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((2, items, 2))


def test_each_film_is_a_series_of_its_own() -> None:
    """The published code smooths across films: the seconds next to a border would know the other film."""
    given = values(20)
    given[:, 10:] += 100
    found = smooth(given, ["a"] * 10 + ["b"] * 10, np.arange(20) % 10, **HOW)
    for film in (slice(0, 10), slice(10, 20)):
        assert np.allclose(found[:, film], savgol_filter(given[:, film], 5, 2, axis=1))
    across = savgol_filter(given, 5, 2, axis=1)
    assert np.abs(across[:, 8:12] - found[:, 8:12]).max() > 10


def test_items_are_smoothed_in_the_order_of_their_times() -> None:
    given, times = values(12), np.arange(12.0)
    shuffled = np.random.default_rng(1).permutation(12)
    found = smooth(given[:, shuffled], ["a"] * 12, times[shuffled], **HOW)
    assert np.allclose(found, smooth(given, ["a"] * 12, times, **HOW)[:, shuffled])


def test_short_films_have_shorter_windows() -> None:
    given = values(4)
    found = smooth(given, ["a"] * 4, np.arange(4.0), **HOW)
    assert np.allclose(found, savgol_filter(given, 3, 2, axis=1))
    assert np.array_equal(smooth(given[:, :2], ["a"] * 2, np.arange(2.0), **HOW), given[:, :2])
    line = np.linspace(0, 1, 200)[None, :, None].repeat(2, axis=2)
    assert np.allclose(smooth(line, ["a"] * 200, np.arange(200.0), window=101, order=3), line)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    names = [f"f{film}@{second}" for film in range(2) for second in range(8)]
    columns = {
        "item_id": names,
        "group": [name[:2] for name in names],
        "times": pa.array([[float(name[3:]), float(name[3:]) + 1] for name in names], pa.list_(pa.float32())),
    }
    pq.write_table(pa.table(columns), tmp_path / "films.parquet")
    return tmp_path / "films.parquet"


def outcome(task: Task, prediction: np.ndarray) -> Outcome:
    target = np.zeros((8, len(task.columns)), np.float32)
    names = [f"f1@{second}" for second in reversed(range(8))]
    return Outcome(task, [Predictions(task.name, "test", names, target, prediction)], {"penalty": 1})


def test_ratings_are_smoothed_where_the_description_says_so(dataset: Path) -> None:
    dataset.with_suffix(".json").write_text(json.dumps({"smooth": HOW}))
    ratings, labels = outcome(RATINGS, values(8)), outcome(LABEL, values(8))
    found, same = smoothed([ratings, labels], dataset)
    assert same is labels
    expected = savgol_filter(ratings.test.prediction[:, ::-1], 5, 2, axis=1)[:, ::-1]
    assert np.allclose(found.test.prediction, expected)
    assert found.chosen == {"penalty": 1, "smooth": {"window": 5, "order": 2}}
    assert found.test.item_ids == ratings.test.item_ids


def test_without_it_nothing_changes(dataset: Path) -> None:
    dataset.with_suffix(".json").write_text("{}")
    ratings = outcome(RATINGS, values(8))
    assert smoothed([ratings], dataset) == [ratings]


@pytest.mark.parametrize("wrong", [{"window": 100}, {"window": 3, "order": 3}, {"window": 1}])
def test_a_filter_that_cannot_be(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Smooth(**wrong)
