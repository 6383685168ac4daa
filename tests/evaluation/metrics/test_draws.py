"""Intervals over items and draws: of both samples as in SciPy, paired, and wide enough to hold the truth."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics import measure
from pacl_core.evaluation.metrics.baselines import baselines
from pacl_core.evaluation.metrics.draws import bootstrap_of, draws_of, over_draws
from pacl_core.evaluation.metrics.intervals import BCA_BELOW, Resampled, bootstrap, interval
from pacl_core.evaluation.metrics.summary import summarise
from pacl_core.evaluation.predictions import Outcome, Predictions

VALENCE = Task("valence, 16 labels", "regression", ("valence",))
CHOSEN = {"labels": 16, "draws": [{"alpha": 1.0}]}
Array = NDArray[np.float64]


def drawn(items: int, draws: int, seed: int = 0, spread: float = 0.5, pull: float = 0.0) -> Predictions:
    """Each draw errs by an offset of its own, and each of its items by another; `pull` adds to all errors."""
    generator = np.random.default_rng(seed)
    target = generator.exponential(size=(items, 1)).astype(np.float32)
    offsets = 1 + generator.normal(scale=spread, size=(draws, 1, 1))
    errors = offsets + 0.3 * generator.normal(size=(draws, items, 1)) + pull
    ids = [f"item{row}" for row in range(items)]
    return Predictions(VALENCE.name, "test", ids, target, target + errors)


def mse(test: Predictions, items: NDArray[np.intp], draws: NDArray[np.intp]) -> float:
    errors = (test.prediction - test.target)[draws][:, items]
    return 100 * float((errors**2).mean())


@pytest.mark.parametrize("items", [20, 60])
def test_the_interval_is_scipys_bca_of_two_samples(items: int) -> None:
    test = drawn(items, 10)
    found = bootstrap_of(VALENCE, test, CHOSEN, count=500)["mse_x100"]
    samples = np.arange(items), np.arange(10)

    def statistic(rows: Array, draws: Array) -> float:
        return mse(test, rows.astype(int), draws.astype(int))

    given = stats.bootstrap(samples, statistic, n_resamples=2, vectorized=False, method="percentile")
    given.bootstrap_distribution = found.values
    expected = stats.bootstrap(
        samples, statistic, n_resamples=0, vectorized=False, method="BCa", bootstrap_result=given
    ).confidence_interval
    assert found.whole == pytest.approx(mse(test, *samples))
    assert interval(found) == pytest.approx(tuple(expected), rel=1e-6)


def test_values_are_those_of_items_and_draws_taken() -> None:
    """Of two draws a resample has twice the first, twice the second, or both."""
    test = drawn(40, 2)
    found = bootstrap_of(VALENCE, test, CHOSEN, count=200)["mse_x100"].values
    alone = [
        bootstrap(VALENCE, test.target, one[None], count=200, seed=0)["mse_x100"].values
        for one in test.prediction
    ]
    kinds = np.stack([alone[0], alone[1], (alone[0] + alone[1]) / 2])
    nearest = np.abs(kinds - found).argmin(axis=0)
    np.testing.assert_allclose(kinds[nearest, np.arange(200)], found)
    assert np.bincount(nearest) == pytest.approx([50, 50, 100], abs=25)


def test_the_standard_error_is_that_of_items_plus_that_of_draws() -> None:
    test = drawn(2000, 40)
    found = bootstrap_of(VALENCE, test, CHOSEN, count=2000)["mse_x100"]
    per_draw = np.array([mse(test, np.arange(2000), np.array([d])) for d in range(40)])
    of_draws = per_draw.var() / 40
    of_items = bootstrap(VALENCE, test.target, test.prediction, count=2000, seed=0)["mse_x100"].values.var()
    assert of_draws > 5 * of_items
    assert found.values.var() == pytest.approx(of_draws + of_items, rel=0.15)
    assert found.left_out is None  # from BCA_BELOW items on
    assert BCA_BELOW <= 2000


def test_intervals_hold_what_other_draws_would_give() -> None:
    """Over 60 repetitions of 10 draws; intervals over items alone miss it most of the time."""
    truth = 100 * (1 + 0.5**2 + 0.3**2)
    held = {"both": 0, "items": 0}
    for seed in range(60):
        test = drawn(80, 10, seed=seed)
        whole = {
            "both": bootstrap_of(VALENCE, test, CHOSEN, count=300),
            "items": bootstrap(VALENCE, test.target, test.prediction, count=300, seed=0),
        }
        for name, found in whole.items():
            low, high = interval(found["mse_x100"]) or (np.nan, np.nan)
            held[name] += low <= truth <= high
    assert held["both"] >= 48 and held["items"] <= 20, held


def test_a_difference_is_paired_in_draws() -> None:
    """The second variant errs as the first one does, and by a little more: draws are no reason to doubt."""
    one, other = (bootstrap_of(VALENCE, drawn(60, 10, pull=pull), CHOSEN, count=400) for pull in (0, 0.3))
    low, high = interval(other["mse_x100"] - one["mse_x100"]) or (np.nan, np.nan)
    alone = interval(one["mse_x100"]) or (np.nan, np.nan)
    assert 0 < low < high and high - low < alone[1] - alone[0]


def test_a_draw_without_a_value_counts_only_where_it_is_taken() -> None:
    given = Resampled(np.ones(300), 1.0, np.ones(20))
    lacking = Resampled(np.full(300, np.nan), 1.0, np.ones(20))
    found = over_draws([given, given, lacking])
    share = np.isfinite(found.values).mean()
    assert share == pytest.approx((2 / 3) ** 3, abs=0.08)
    assert interval(found) is None


def test_only_draws_are_resampled_as_draws() -> None:
    test = drawn(30, 3)
    assert draws_of(test, CHOSEN) == draws_of(test, {"folds": [CHOSEN, CHOSEN]}) == 3
    assert draws_of(test, {"epochs": [1, 2, 3]}) == 1
    found = bootstrap_of(VALENCE, test, {"epochs": [1, 2, 3]}, count=100)
    plain = bootstrap(VALENCE, test.target, test.prediction, count=100, seed=0)
    for name, one in plain.items():
        np.testing.assert_array_equal(found[name].values, one.values)


def test_the_summary_and_its_baselines_cover_the_draws() -> None:
    test = drawn(60, 10)
    summary = summarise([Outcome(VALENCE, [test], CHOSEN)], 300, {VALENCE.name: test.target})[VALENCE.name]
    boot = bootstrap_of(VALENCE, test, CHOSEN, count=300)
    figure = summary["figures"]["mse_x100"]
    assert (figure["low"], figure["high"]) == interval(boot["mse_x100"])
    assert figure["mean"] == pytest.approx(np.mean([
        measure(VALENCE, test.target, one)["mse_x100"] for one in test.prediction
    ]))  # fmt: skip
    against = baselines(VALENCE, test.target, test.target, boot=boot, count=300, draws=10)
    assert against == summary["baselines"]
    change = summary["baselines"]["mean"]["mse_x100"]["difference"]
    assert change["low"] < change["value"] < change["high"]
