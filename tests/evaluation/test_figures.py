"""Figures per kind: against naive loops, and the resampled form against the plain one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.errors import UserError
from pacl_core.evaluation.metrics import measure, resampled
from pacl_core.evaluation.tasks import Task

VAD = Task("feeling", "regression", ("valence", "arousal"), None)
POLARITY = Task("polarity", "single_label", ("polarity",), ("negative", "neutral", "positive"))
SHARES = Task("shares", "distribution", ("a", "b", "c"), ("a", "b", "c"))


def test_regression_by_hand():
    task = Task("valence", "regression", ("valence",), None)
    target, prediction = np.array([[0.0], [0.5], [1.0]]), np.array([[0.1], [0.5], [0.7]])
    figures = measure(task, target, prediction)
    assert figures["mse_x100"] == pytest.approx(100 * (0.01 + 0 + 0.09) / 3)
    assert figures["r2"] == pytest.approx(1 - 0.1 / 0.5)
    assert figures["pearson"] == pytest.approx(
        0.3 / np.sqrt(0.5 * (0.1**2 + 0.5**2 + 0.7**2 - 3 * (1.3 / 3) ** 2))
    )


def test_several_dimensions_are_listed_and_averaged():
    generator = np.random.default_rng(0)
    target, prediction = generator.random((20, 2)), generator.random((20, 2))
    figures = measure(VAD, target, prediction)
    for name in ("mse_x100", "r2", "pearson"):
        assert figures[name] == pytest.approx((figures[f"{name}_valence"] + figures[f"{name}_arousal"]) / 2)


def test_a_constant_target_has_a_reason_instead_of_a_number():
    target = np.array([[0.5, 0.1], [0.5, 0.2]])
    figures = measure(VAD, target, target)
    assert figures["r2_valence"] == "the target is constant"
    assert figures["r2"] == "valence: the target is constant"
    assert figures["r2_arousal"] == 1


def test_a_constant_prediction_has_no_correlation_but_an_error():
    target, prediction = np.array([[0.0], [1.0]]), np.array([[0.5], [0.5]])
    figures = measure(Task("v", "regression", ("v",), None), target, prediction)
    assert figures["pearson"] == "v: the prediction is constant"
    assert figures["mse_x100"] == pytest.approx(25)


def naive_f1(truth, chosen, label):
    hits = sum(t == c == label for t, c in zip(truth, chosen, strict=True))
    both = sum(t == label for t in truth) + sum(c == label for c in chosen)
    return 2 * hits / both


def test_single_label_against_loops():
    generator = np.random.default_rng(1)
    truth, probabilities = generator.integers(3, size=50), generator.dirichlet(np.ones(3), size=50)
    chosen = [max(range(3), key=lambda c: row[c]) for row in probabilities]
    figures = measure(POLARITY, truth[:, None], probabilities)
    f1 = [naive_f1(truth, chosen, label) for label in range(3)]
    assert figures["accuracy"] == pytest.approx(sum(t == c for t, c in zip(truth, chosen, strict=True)) / 50)
    assert figures["f1_macro"] == pytest.approx(sum(f1) / 3)
    assert figures["f1_weighted"] == pytest.approx(sum(f1[t] for t in truth) / 50)


def examples(task, generator, items):
    if task.kind == "regression":
        return generator.random((items, 2)), generator.random((items, 2))
    probabilities = generator.dirichlet(np.ones(3), size=items)
    if task.kind == "single_label":
        return generator.integers(3, size=(items, 1)), probabilities
    return generator.dirichlet(np.ones(3), size=items), probabilities


@settings(max_examples=25, deadline=None)
@given(task=st.sampled_from([VAD, POLARITY, SHARES]), seed=st.integers(0, 10_000), items=st.integers(3, 30))
def test_resampled_equals_measuring_the_items_taken(task, seed, items):
    generator = np.random.default_rng(seed)
    target, prediction = examples(task, generator, items)
    taken = generator.integers(items, size=(4, items))
    counts = np.stack([np.bincount(row, minlength=items) for row in taken]).astype(float)
    values = resampled(task, target, prediction, counts)
    for r, row in enumerate(taken):
        for name, figure in measure(task, target[row], prediction[row]).items():
            if isinstance(figure, str):
                assert np.isnan(values[name][r])
            else:
                assert values[name][r] == pytest.approx(figure, abs=1e-9)


def test_an_unknown_kind_names_the_nearest():
    with pytest.raises(UserError, match="unknown task kind 'regresion'; did you mean 'regression'"):
        measure(Task("x", "regresion", ("x",), None), np.zeros((2, 1)), np.zeros((2, 1)))
