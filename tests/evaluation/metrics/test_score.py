"""Scores of zero-shot ratings: the correlations of SciPy, ties and resamples included."""

import numpy as np
import pytest
from scipy import stats

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics import details, measure, resampled
from pacl_core.evaluation.metrics.baselines import baselines, main_baseline
from pacl_core.evaluation.metrics.intervals import bootstrap, interval

ONE = Task("valence, moods", "score", ("valence",))
TWO = Task("va, moods", "score", ("valence", "arousal"))


def test_they_are_those_of_scipy() -> None:
    generator = np.random.default_rng(0)
    target, score = generator.integers(5, size=(40, 2)) / 4, generator.normal(size=(40, 2)).round(1)
    values = measure(TWO, target, score)
    for place, column in enumerate(TWO.columns):
        expected = stats.pearsonr(target[:, place], score[:, place]).statistic
        assert values[f"pearson_{column}"] == pytest.approx(expected)
        expected = stats.spearmanr(target[:, place], score[:, place]).statistic
        assert values[f"spearman_{column}"] == pytest.approx(expected)
    for name in ("pearson", "spearman"):
        assert values[name] == pytest.approx((values[f"{name}_valence"] + values[f"{name}_arousal"]) / 2)


def test_the_order_counts_for_ranks_and_the_unit_for_neither() -> None:
    target = np.linspace(0, 1, 12)[:, None]
    assert measure(ONE, target, 100 * np.exp(target) - 7)["spearman"] == pytest.approx(1)
    assert measure(ONE, target, -3 * target)["pearson"] == pytest.approx(-1)


def test_ranks_are_those_of_the_items_taken() -> None:
    generator = np.random.default_rng(1)
    target, score = generator.integers(4, size=(30, 1)) / 3, generator.integers(6, size=(30, 1)) - 2.5
    counts = generator.multinomial(30, np.full(30, 1 / 30), size=20).astype(float)
    values = resampled(ONE, target, score, counts=counts)
    for r, times in enumerate(counts.astype(int)):
        taken = np.repeat(np.arange(30), times)
        expected = stats.spearmanr(target[taken, 0], score[taken, 0]).statistic
        assert values["spearman"][r] == pytest.approx(expected)


def test_a_constant_has_a_reason_instead_of_a_number() -> None:
    target, score = np.array([[0.1], [0.9], [0.4]]), np.full((3, 1), 2.0)
    assert measure(ONE, target, score)["spearman"] == "valence: the prediction is constant"
    assert measure(ONE, score, target)["pearson"] == "valence: the target is constant"
    assert np.isnan(resampled(ONE, target, score, counts=np.ones((1, 3)))["spearman"]).all()
    assert details(ONE, target, score[None]) == {}


@pytest.mark.parametrize(("noise", "verdict"), [(0.5, "better"), (1e6, "unclear")])
def test_it_is_held_to_chance_which_is_zero(noise: float, verdict: str) -> None:
    generator = np.random.default_rng(2)
    target = generator.random((200, 1))
    score = target + noise * generator.normal(size=(200, 1))
    boot = bootstrap(ONE, target, score[None], count=500, seed=0)
    found = baselines(ONE, target, target, boot=boot, count=500)
    assert main_baseline(found) == "chance"
    for name, one in found["chance"].items():
        assert one["value"] == 0
        assert one["difference"]["value"] == pytest.approx(boot[name].whole)
        assert (one["difference"]["low"], one["difference"]["high"]) == interval(boot[name])
        assert one["difference"]["verdict"] == verdict
