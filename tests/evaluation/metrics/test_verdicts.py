"""Which differences have a verdict, and which word it is."""

import numpy as np
import pytest

from pacl_core.evaluation.metrics import measure
from pacl_core.evaluation.metrics.verdicts import (
    MIN_ITEMS,
    MIN_PER_CLASS,
    Items,
    items_of,
    lower_is_better,
    with_verdict,
)
from pacl_core.report.metric_labels import metric_label
from tests.evaluation.metrics.kinds import KINDS, MARKS, POLARITY, TREE, VAD, example

MANY = Items(1000, 300, 500)


@pytest.mark.parametrize(
    ("metric", "low", "high", "word"),
    [
        ("r2", 0.01, 0.2, "better"),
        ("r2_valence", -0.2, -0.01, "worse"),
        ("kl", 0.01, 0.2, "worse"),
        ("mse_x100_arousal", -0.2, -0.01, "better"),
        ("accuracy", -0.01, 0.2, "unclear"),
        ("accuracy", 0.0, 0.2, "unclear"),
        ("accuracy", None, None, "undefined"),
    ],
)
def test_the_word_is_by_the_interval_and_the_metrics_direction(metric, low, high, word):
    change = {"value": 0.1, "low": low, "high": high}
    assert with_verdict(metric, change, MANY) == change | {"verdict": word}


def test_few_items_have_no_verdict_however_clear_the_interval_looks():
    """12 items: R2 +0.098 [+0.061, +0.214] was "better", and cross-validation over all showed a loss."""
    change = {"value": 0.098, "low": 0.061, "high": 0.214}
    found = with_verdict("r2", change, Items(12))
    assert found == change | {"verdict": "too_few", "reason": "too few test items (12) to tell"}
    assert with_verdict("r2", change, Items(MIN_ITEMS - 1))["verdict"] == "too_few"
    assert with_verdict("r2", change, Items(MIN_ITEMS))["verdict"] == "better"


def test_a_small_class_silences_the_metrics_that_average_over_classes_only():
    few = Items(400, MIN_PER_CLASS - 1, 200)
    said = f"too few test items in a class ({MIN_PER_CLASS - 1}) to tell"
    assert {few.too_few(name) for name in ("f1_macro", "map", "auc", "f1_macro_fine")} == {said}
    assert Items(400, 0).too_few("map") == "too few test items in a class (0) to tell"
    assert not any(few.too_few(name) for name in ("accuracy", "f1_weighted", "brier"))


def test_an_accuracy_needs_items_outside_the_largest_class():
    assert Items(400, 4, MIN_PER_CLASS - 1).too_few("accuracy")
    assert not Items(400, 4, MIN_PER_CLASS).too_few("accuracy")


def test_items_are_counted_by_the_kind_of_task():
    labels = np.array([[0.0]] * 6 + [[2.0]] * 3)
    assert items_of(POLARITY, labels) == Items(9, 3, 3)
    assert items_of(TREE, np.array([[0, 0], [0, 1], [0, 1], [1, 2]])) == Items(4, 1, 2)
    assert items_of(MARKS, np.array([[1, 0, 0], [1, 1, 0]])) == Items(2, 1)
    assert items_of(MARKS, np.zeros((2, 3))) == Items(2, 0)
    assert items_of(VAD, np.zeros((5, 2))) == Items(5)


@pytest.mark.parametrize("task", KINDS, ids=lambda task: task.kind)
def test_the_report_says_the_same_direction(task):
    for metric in measure(task, *example(task, 0, 60)):
        assert metric_label(metric).better == ("lower" if lower_is_better(metric) else "higher"), metric
