"""The level of training seeds in intervals: against a naive loop, and against what simulations know."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics import measure
from pacl_core.evaluation.metrics.intervals import BCA_BELOW, Resampled, bootstrap, interval, resamples
from pacl_core.evaluation.metrics.summary import metrics
from pacl_core.evaluation.metrics.training_seeds import SeedSpread, drawn_deviations, seed_spread
from pacl_core.evaluation.predictions import Predictions

VALENCE = Task("valence", "regression", ("valence",))
LABEL = Task("label", "single_label", ("label",), ("no", "yes"))


def drawn(items, trainings=3, heads=2):
    """Targets, and predictions [trainings * heads, items, 1] that miss by more in some trainings."""
    generator = np.random.default_rng(items)
    target = generator.random((items, 1))
    noise = np.repeat(generator.uniform(0.1, 0.3, trainings), heads)[:, None, None]
    return target, target + noise * generator.normal(size=(trainings * heads, items, 1))


@pytest.mark.parametrize("trainings", [2, 3])
def test_the_interval_is_that_of_a_naive_loop_over_resamples_and_seeds(trainings):
    """The loop measures everything anew; what a seed adds is Student's quantile in a random order."""
    items, count = BCA_BELOW, 60
    target, predictions = drawn(items, trainings)
    found = bootstrap(VALENCE, target, predictions, count=count, seed=0, trainings=trainings)["r2"]

    def r2(rows):
        return [measure(VALENCE, target[rows], one[rows])["r2"] for one in predictions]

    of_training = np.reshape(r2(np.arange(items)), (trainings, 2)).mean(axis=1)
    scale = np.sqrt(sum((of_training - of_training.mean()) ** 2) / (trainings - 1) / trainings)
    order = np.random.default_rng((0x5EED, 0)).permutation(count)
    naive = []
    for number, counts in enumerate(np.concatenate(list(resamples(items, count, seed=0)))):
        mean = np.mean(r2(np.repeat(np.arange(items), counts.astype(int))))
        naive.append(mean + scale * stats.t.ppf((order[number] + 0.5) / count, trainings - 1))
    assert interval(found) == pytest.approx(tuple(np.quantile(naive, [0.025, 0.975])), rel=1e-6)
    assert found.seeds == (pytest.approx((scale**2, trainings - 1)),)


def test_one_training_has_the_interval_of_items_alone():
    target, predictions = drawn(200)
    one = bootstrap(VALENCE, target, predictions, count=200, seed=0)["r2"]
    assert (one.seeds, one.seed_variance) == ((), 0)
    several = bootstrap(VALENCE, target, predictions, count=200, seed=0, trainings=3)["r2"]
    assert (several.values == one.values).all() and several.whole == one.whole
    low, high = interval(several)
    assert low < interval(one)[0] and high > interval(one)[1]


def test_where_items_do_not_matter_the_interval_is_students():
    spread = seed_spread(np.array([0.1, 0.3, 0.2, 0.5]))
    constant = Resampled(np.full(2000, 0.275), 0.275, np.full(50, 0.275), (spread,))
    expected = stats.t.interval(0.95, 3, 0.275, stats.sem([0.1, 0.3, 0.2, 0.5]))
    assert interval(constant) == pytest.approx(expected, abs=2e-3)


def test_seeds_of_two_variants_add_up_independently():
    target, predictions = drawn(300, trainings=4)
    one, other = (
        bootstrap(VALENCE, target, part, count=500, seed=0, trainings=2)["r2"]
        for part in (predictions[:4], predictions[4:])
    )
    difference = one - other
    assert difference.seed_variance == pytest.approx(one.seed_variance + other.seed_variance)
    assert difference.minus(0.1).seeds == difference.seeds
    equal = (SeedSpread(1.0, 4), SeedSpread(1.0, 4))
    together, first = drawn_deviations(equal, 20_000), drawn_deviations(equal[:1], 20_000)
    assert np.corrcoef(first, together - first)[0, 1] == pytest.approx(0, abs=0.03)
    assert (together == drawn_deviations(equal, 20_000)).all()


def simulated(items, spread, trainings, generator):
    """An item is right where its own difficulty, the same for every seed, is below the seed's skill."""
    skill = 0.7 + spread * generator.normal(size=trainings)
    right = generator.random(items) < skill[:, None]
    truth = generator.integers(2, size=items)
    prediction = np.eye(2)[np.where(right, truth, 1 - truth)]
    return bootstrap(LABEL, truth[:, None], prediction, count=200, seed=0, trainings=trainings)["accuracy"]


def test_the_split_finds_the_variances_that_a_simulation_has():
    generator = np.random.default_rng(5)
    found = [simulated(400, 0.02, 3, generator) for _ in range(300)]
    of_items = np.mean([one.item_deviation**2 for one in found])
    of_seeds = np.mean([one.seed_variance for one in found])
    assert of_items == pytest.approx(0.7 * 0.3 / 400, rel=0.1)
    # what seeds and items do together, here items between two skills, is a little of both
    assert 0.02**2 / 3 < of_seeds < 1.25 * 0.02**2 / 3
    total = np.var([one.whole for one in found])
    assert of_items + of_seeds == pytest.approx(total, rel=0.25)


@pytest.mark.parametrize(("spread", "trainings"), [(0.1, 2), (0.05, 3), (0.005, 3)])
def test_intervals_hold_the_truth_whether_seeds_or_items_dominate(spread, trainings):
    generator = np.random.default_rng(trainings)
    count = 300
    held = 0
    for _ in range(count):
        low, high = interval(simulated(300, spread, trainings, generator))
        held += low <= 0.7 <= high
    assert held / count >= 0.92


def test_seeds_taken_with_replacement_would_hold_it_too_rarely():
    """The figures of the module's docstring."""
    generator = np.random.default_rng(0)
    for trainings, expected in ((2, 0.5), (3, 0.75)):
        places = np.array(list(product(range(trainings), repeat=trainings)))
        figures = generator.normal(size=(4000, trainings))
        means = figures[:, places].mean(axis=2)  # of every resample there is
        low, high = np.quantile(means, [0.025, 0.975], axis=1, method="inverted_cdf")
        assert np.mean((low <= 0) & (high >= 0)) == pytest.approx(expected, abs=0.03)
        students = [stats.t.interval(0.95, trainings - 1, one.mean(), stats.sem(one)) for one in figures]
        assert np.mean([low <= 0 <= high for low, high in students]) == pytest.approx(0.95, abs=0.02)


def test_a_metric_undefined_in_one_training_has_no_interval():
    target, predictions = drawn(30, trainings=2, heads=1)
    predictions[1] = 0.5
    found = bootstrap(VALENCE, target, predictions, count=100, seed=0, trainings=2)
    assert interval(found["pearson"]) is None and interval(found["r2"]) is not None


def test_the_summary_has_the_mean_of_each_training_and_their_spread():
    target, predictions = drawn(80)
    ids = [f"item{number}" for number in range(80)]
    test = Predictions("valence", "test", ids, target.astype(np.float32), predictions, (5, 6, 7))
    boot = bootstrap(VALENCE, test.target, predictions, count=100, seed=0, trainings=test.trainings)
    r2 = metrics(VALENCE, test, boot)["r2"]
    of_training = np.reshape(r2["per_seed"], (3, 2)).mean(axis=1)
    assert list(r2["per_training_seed"]) == ["5", "6", "7"]
    assert list(r2["per_training_seed"].values()) == pytest.approx(of_training)
    assert r2["std"] == pytest.approx(np.std(of_training, ddof=1))
    assert r2["mean"] == pytest.approx(of_training.mean())
    assert (r2["low"], r2["high"]) == interval(boot["r2"])
