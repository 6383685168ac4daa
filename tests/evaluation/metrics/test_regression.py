"""Regression: by hand, averaged over dimensions, and a reason where a metric has no value."""

import numpy as np
import pytest

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics import details, measure, resampled

ONE = Task("valence", "regression", ("valence",))
VA = Task("feeling", "regression", ("valence", "arousal"))


def test_by_hand():
    target, prediction = np.array([[0.0], [0.5], [1.0]]), np.array([[0.1], [0.5], [0.7]])
    values = measure(ONE, target, prediction)
    assert values["mse_x100"] == pytest.approx(100 * (0.01 + 0 + 0.09) / 3)
    assert values["r2"] == pytest.approx(1 - 0.1 / 0.5)
    assert values["pearson"] == pytest.approx(
        0.3 / np.sqrt(0.5 * (0.1**2 + 0.5**2 + 0.7**2 - 3 * (1.3 / 3) ** 2))
    )


def test_several_dimensions_are_listed_and_averaged():
    generator = np.random.default_rng(0)
    target, prediction = generator.random((20, 2)), generator.random((20, 2))
    values = measure(VA, target, prediction)
    for name in ("mse_x100", "r2", "pearson"):
        assert values[name] == pytest.approx((values[f"{name}_valence"] + values[f"{name}_arousal"]) / 2)


def test_a_constant_target_has_a_reason_instead_of_a_number():
    target = np.array([[0.5, 0.1], [0.5, 0.2]])
    values = measure(VA, target, target)
    assert values["r2_valence"] == "the target is constant"
    assert values["r2"] == "valence: the target is constant"
    assert values["r2_arousal"] == 1


def test_a_constant_prediction_has_no_correlation_but_an_error():
    target, prediction = np.array([[0.0], [1.0]]), np.array([[0.5], [0.5]])
    values = measure(ONE, target, prediction)
    assert values["pearson"] == "valence: the prediction is constant"
    assert values["mse_x100"] == pytest.approx(25)


def test_a_nearly_constant_prediction_keeps_its_correlation_on_resamples():
    target = np.linspace(0, 1, 9)[:, None]
    prediction = 0.5 + 1e-7 * target**2
    values = resampled(ONE, target, prediction, counts=np.ones((1, 9)))
    assert values["pearson"][0] == pytest.approx(measure(ONE, target, prediction)["pearson"], abs=1e-6)


def test_there_are_no_further_details():
    assert details(ONE, np.zeros((2, 1)), np.zeros((3, 2, 1))) == {}
