"""The bootstrap: seeded, the size asked for, and as wide as theory and SciPy say."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import r2_score

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics import measure
from pacl_core.evaluation.metrics.intervals import BCA_BELOW, Resampled, bootstrap, interval, resamples

LABEL = Task("label", "single_label", ("label",), ("no", "yes"))
VALENCE = Task("valence", "regression", ("valence",))
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
    values = bootstrap(LABEL, truth[:, None], np.stack([right, left]), count=100, seed=0)["accuracy"].values
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
            assert values[name].values[r] == pytest.approx(
                np.mean([values_of_seed[name] for values_of_seed in by_seed])
            ), name


def test_no_interval_where_many_resamples_are_undefined():
    assert interval(Resampled(np.array([1.0] * 90 + [np.nan] * 10))) is None
    assert interval(Resampled(np.array([1.0] * 99 + [np.nan]))) == (1.0, 1.0)


def drawn(items, seeds=1, noise=0.3):
    """A skewed target, and predictions that miss it."""
    generator = np.random.default_rng(items)
    target = generator.exponential(size=(items, 1))
    return target, target + noise * generator.normal(size=(seeds, items, 1))


def scipys(items, statistic, values, level="BCa"):
    """SciPy's interval over rows of `items`, from the same resampled values."""
    given = stats.bootstrap((items,), statistic, n_resamples=2, vectorized=False, method="percentile")
    given.bootstrap_distribution = values
    found = stats.bootstrap(
        (items,), statistic, n_resamples=0, vectorized=False, method=level, bootstrap_result=given
    )
    return found.confidence_interval


@pytest.mark.parametrize("items", [20, 60, 250])
def test_few_items_have_the_bca_interval_of_scipy(items):
    target, predictions = drawn(items)
    found = bootstrap(VALENCE, target, predictions, count=500, seed=0)["r2"]

    def r2(rows):
        rows = rows.astype(int)
        return r2_score(target[rows, 0], predictions[0, rows, 0])

    expected = scipys(np.arange(items), r2, found.values)
    assert interval(found) == pytest.approx(tuple(expected), rel=1e-6)
    assert interval(found) != pytest.approx(tuple(np.quantile(found.values, [0.025, 0.975])), rel=1e-3)


def test_a_paired_difference_has_the_bca_interval_of_scipy():
    target, predictions = drawn(40, seeds=2)
    one, other = (bootstrap(VALENCE, target, p[None], count=400, seed=0)["r2"] for p in predictions)

    def difference(rows):
        rows = rows.astype(int)
        first, second = (r2_score(target[rows, 0], p[rows, 0]) for p in predictions)
        return first - second

    found = one - other
    expected = scipys(np.arange(40), difference, found.values)
    assert interval(found) == pytest.approx(tuple(expected), rel=1e-6)


def test_from_the_limit_on_plain_quantiles_agree_with_bca():
    """To a twentieth of the width, on a skewed target, where they differ more than on most."""
    items = BCA_BELOW
    target, predictions = drawn(items)
    plain = bootstrap(VALENCE, target, predictions, count=4000, seed=0)["r2"]
    assert plain.left_out is None
    left_out = np.array(
        [
            measure(VALENCE, np.delete(target, n, 0), np.delete(predictions[0], n, 0))["r2"]
            for n in range(items)
        ]
    )
    bca = interval(Resampled(plain.values, plain.whole, left_out))
    low, high = interval(plain)
    assert np.abs(np.subtract(bca, (low, high))).max() < (high - low) / 20


def test_one_item_and_a_constant_difference_have_plain_quantiles():
    target, predictions = drawn(30)
    one = bootstrap(VALENCE, target, predictions, count=100, seed=0)["r2"]
    assert interval(one - one) == (0, 0)
    assert interval(one.minus(0.25)) == pytest.approx(np.subtract(interval(one), 0.25))
    alone = bootstrap(LABEL, np.zeros((1, 1)), np.array([[[0.9, 0.1]]]), count=20, seed=0)["accuracy"]
    assert interval(alone) == (1, 1)
