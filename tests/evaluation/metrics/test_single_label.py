"""Single label: metrics and tables against naive loops and values worked by hand."""

import json

import numpy as np
import pytest

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics import details, measure

POLARITY = Task("polarity", "single_label", ("polarity",), ("negative", "neutral", "positive"))


def example(seed, items=50):
    generator = np.random.default_rng(seed)
    return generator.integers(3, size=items), generator.dirichlet(np.ones(3), size=items)


def naive_f1(truth, chosen, label):
    hits = sum(t == c == label for t, c in zip(truth, chosen, strict=True))
    both = sum(t == label for t in truth) + sum(c == label for c in chosen)
    return 2 * hits / both


def test_accuracy_and_f1_against_loops():
    truth, probabilities = example(1)
    chosen = [max(range(3), key=lambda c: row[c]) for row in probabilities]
    values = measure(POLARITY, truth[:, None], probabilities)
    f1 = [naive_f1(truth, chosen, label) for label in range(3)]
    assert values["accuracy"] == pytest.approx(sum(t == c for t, c in zip(truth, chosen, strict=True)) / 50)
    assert values["f1_macro"] == pytest.approx(sum(f1) / 3)
    assert values["f1_weighted"] == pytest.approx(sum(f1[t] for t in truth) / 50)


def test_tables_are_means_over_seeds():
    truth = np.array([[0], [0], [2], [2]])
    first, second = np.eye(3)[[0, 0, 2, 2]], np.eye(3)[[0, 2, 2, 2]]
    tables = details(POLARITY, truth, np.stack([first, second]))
    assert tables["confusion"] == [[1.5, 0, 0.5], [0, 0, 0], [0, 0, 2]]
    negative, neutral, positive = tables["per_class"]
    assert negative == {
        "class": "negative",
        "support": 2,
        "precision": 1,
        "recall": 0.75,
        "f1": pytest.approx((1 + 2 / 3) / 2),
    }
    assert positive["precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert neutral == {"class": "neutral", "support": 0, "precision": None, "recall": None, "f1": None}
    assert tables["absent_classes"] == ["neutral"]


def test_tables_are_json():
    truth, probabilities = example(4)
    tables = details(POLARITY, truth[:, None], probabilities[None])
    assert json.loads(json.dumps(tables, allow_nan=False)) == tables
