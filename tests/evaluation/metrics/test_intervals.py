"""The bootstrap: seeded, the size asked for, and as wide as theory says."""

import numpy as np
import pytest

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics import measure
from pacl_core.evaluation.metrics.intervals import bootstrap, interval, resamples

LABEL = Task("label", "single_label", ("label",), ("no", "yes"))
MARKS = Task("marks", "multi_label", ("a", "b"), ("a", "b"))


def test_resamples_take_as_many_items_as_there_are():
    blocks = list(resamples(items=7, count=10, seed=3))
    counts = np.concatenate(blocks)
    assert counts.shape == (10, 7)
    assert (counts.sum(axis=1) == 7).all()


def test_blocks_do_not_change_the_resamples(monkeypatch):
    whole = np.concatenate(list(resamples(5, 12, seed=0)))
    monkeypatch.setattr("pacl_core.evaluation.metrics.intervals._CELLS", 25)
    blocks = list(resamples(5, 12, seed=0))
    assert len(blocks) == 3
    assert (np.concatenate(blocks) == whole).all()


def test_the_interval_of_an_accuracy_is_the_binomial_one():
    truth = np.arange(400) % 2
    wrong = np.arange(400) < 100
    probabilities = np.eye(2)[np.where(wrong, 1 - truth, truth)]
    values = bootstrap(LABEL, truth[:, None], probabilities[None], count=4000, seed=0)["accuracy"]
    low, high = interval(values)
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert low == pytest.approx(0.75 - half, abs=0.006)
    assert high == pytest.approx(0.75 + half, abs=0.006)


def test_seeds_are_averaged_before_the_interval():
    truth = np.array([0, 1, 1, 0])
    right, left = np.eye(2)[truth], np.eye(2)[1 - truth]
    values = bootstrap(LABEL, truth[:, None], np.stack([right, left]), count=100, seed=0)["accuracy"]
    assert np.allclose(values, 0.5)


def test_each_value_is_the_mean_over_seeds_of_one_resample(monkeypatch):
    monkeypatch.setattr("pacl_core.evaluation.metrics.intervals._CELLS", 40)  # three blocks
    generator = np.random.default_rng(0)
    target, predictions = generator.integers(2, size=(20, 2)), generator.random((3, 20, 2))
    values = bootstrap(MARKS, target, predictions, count=5, seed=1)
    for r, counts in enumerate(np.concatenate(list(resamples(20, 5, seed=1)))):
        taken = np.repeat(np.arange(20), counts.astype(int))
        by_seed = [measure(MARKS, target[taken], prediction[taken]) for prediction in predictions]
        for name in values:
            assert values[name][r] == pytest.approx(
                np.mean([values_of_seed[name] for values_of_seed in by_seed])
            ), name


def test_no_interval_where_many_resamples_are_undefined():
    assert interval(np.array([1.0] * 90 + [np.nan] * 10)) is None
    assert interval(np.array([1.0] * 99 + [np.nan])) == (1.0, 1.0)
