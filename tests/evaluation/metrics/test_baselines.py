"""What constant predictions score, and whether the evaluated ones exceed that."""

import numpy as np
import pytest

from pacl_core.evaluation.metrics import measure
from pacl_core.evaluation.metrics.baselines import baselines, constant_prediction, main_baseline
from pacl_core.evaluation.metrics.intervals import bootstrap
from tests.evaluation.metrics.kinds import KINDS, MARKS, POLARITY, SHARES, TREE, VAD, example


def found(task, target, prediction, train):
    boot = bootstrap(task, target, prediction[None], count=200, seed=0)
    return baselines(task, target, train, boot=boot, count=200)


def test_the_constant_of_each_kind_is_of_training_targets():
    assert constant_prediction(POLARITY, np.array([[2.0], [2], [0], [2]])) == pytest.approx([0.25, 0, 0.75])
    assert constant_prediction(TREE, np.array([[0, 0], [0, 1], [1, 2], [0, 1]])) == pytest.approx(
        [0.75, 0.25, 0.25, 0.5, 0.25]
    )
    assert constant_prediction(VAD, np.array([[0.0, 1], [1, 1]])) == pytest.approx([0.5, 1])
    assert constant_prediction(SHARES, np.array([[1.0, 0, 0], [0, 0.5, 0.5]])) == pytest.approx(
        [0.5, 0.25, 0.25]
    )
    assert constant_prediction(MARKS, np.array([[1.0, 0, 0], [1, 1, 0]])) == pytest.approx([1, 0.5, 0])


@pytest.mark.parametrize("task", KINDS, ids=lambda task: task.kind)
def test_every_kind_has_one_main_baseline_of_its_own_metrics(task):
    target, prediction = example(task, 0, 60)
    given = found(task, target, prediction, target[:20])
    values = given[main_baseline(given)]
    assert values.keys() <= measure(task, target, prediction).keys()
    assert len(values) >= 2
    assert not any(name.startswith(("ece", "consistency")) for name in values)


def test_the_most_frequent_class_of_training_is_scored_on_test():
    test = np.array([[0.0]] * 30 + [[1.0]] * 70)
    right = np.eye(3)[test[:, 0].astype(int)]
    given = found(POLARITY, test, right, np.array([[1.0]] * 6 + [[0.0]] * 4))
    accuracy = given["most_frequent"]["accuracy"]
    assert accuracy["value"] == pytest.approx(0.7)
    assert accuracy["difference"]["value"] == pytest.approx(0.3)
    assert accuracy["difference"]["verdict"] == "better"
    assert given["chance"]["accuracy"]["value"] == pytest.approx(1 / 3)
    assert given["chance"]["brier"]["value"] == pytest.approx(2 / 3)


def test_a_prediction_that_says_the_most_frequent_class_does_not_exceed_it():
    test = np.array([[0.0]] * 30 + [[1.0]] * 70)
    always = np.tile([0.2, 0.8, 0.0], (100, 1))
    given = found(POLARITY, test, always, test)
    difference = given["most_frequent"]["accuracy"]["difference"]
    assert difference == {"value": 0, "low": 0, "high": 0, "verdict": "unclear"}


def test_the_mean_has_an_r2_of_nothing_and_no_pearson():
    target, prediction = example(VAD, 0, 60)
    given = found(VAD, target, prediction, target)["mean"]
    assert given["r2"]["value"] == pytest.approx(0, abs=1e-9)
    assert "pearson" not in given


def test_a_share_of_zero_has_no_kl():
    target = np.tile([0.5, 0.25, 0.25], (60, 1))
    given = found(SHARES, target, target, np.array([[1.0, 0, 0]]))["training_distribution"]
    assert "kl" not in given
    assert given["cosine"]["difference"]["verdict"] == "better"
