"""Outcomes become metrics with intervals, under the names that the summary has."""

import numpy as np
import pytest

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics.intervals import bootstrap
from pacl_core.evaluation.metrics.summary import metrics, summarise
from pacl_core.evaluation.predictions import Outcome
from tests.evaluation.drawn_predictions import POLARITY, VALENCE, of_polarity, of_valence


def measured(task, test, resamples):
    boot = bootstrap(task, test.target, test.prediction, count=resamples, seed=0)
    return metrics(task, test, boot)


def test_metrics_have_mean_spread_and_interval():
    r2 = measured(VALENCE, of_valence(), 200)["r2"]
    assert r2["mean"] == pytest.approx(np.mean(r2["per_seed"]))
    assert r2["std"] == pytest.approx(np.std(r2["per_seed"], ddof=1))
    assert 0.9 < r2["low"] < r2["mean"] < r2["high"] < 1


def test_one_seed_has_no_spread():
    accuracy = measured(POLARITY, of_polarity(), 100)["accuracy"]
    assert accuracy["mean"] == 1
    assert accuracy["std"] is None


def test_an_undefined_metric_is_null_with_its_reason(caplog):
    found = measured(VALENCE, of_valence(constant=True), 100)
    assert found["r2"]["mean"] is None
    assert "constant" in found["r2"]["reason"]
    assert "r2 is undefined" in caplog.text
    assert found["mse_x100"]["mean"] > 0


def test_a_task_has_its_choices_its_metrics_and_its_number_of_test_items():
    outcomes = [
        Outcome(VALENCE, [of_valence()], {"epochs": [3, 1, 2]}),
        Outcome(POLARITY, [of_polarity()], {"C": 1.0}),
    ]
    train_targets = {"valence": of_valence().target, "polarity": of_polarity().target}
    tasks = summarise(outcomes, 100, train_targets)
    assert list(tasks) == ["valence", "polarity"]
    valence = tasks["valence"]
    assert Task.from_json(valence["task"]) == VALENCE
    assert (valence["test_items"], valence["chosen"]) == (300, {"epochs": [3, 1, 2]})
    assert valence["figures"] == measured(VALENCE, of_valence(), 100)
    assert valence["class_items"] == [None, None]
    assert tasks["polarity"]["class_items"] == [min(counts := positives()), 40 - max(counts)]
    assert valence["baselines"]["mean"]["r2"]["difference"]["verdict"] == "better"
    assert tasks["polarity"]["baselines"]["chance"]["accuracy"]["difference"]["verdict"] == "too_few"


def positives():
    labels = of_polarity().target
    return [int((labels == value).sum()) for value in (0, 1)]
