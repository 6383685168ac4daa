"""Single label: figures and tables against naive loops and values worked by hand."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

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


def naive_ece(truth, probabilities):
    total = 0.0
    for b in range(15):
        inside = []
        for label, row in zip(truth, probabilities, strict=True):
            top = max(row)
            if b / 15 < top <= (b + 1) / 15:
                inside.append((top, list(row).index(top) == label))
        if inside:
            confidence = sum(top for top, _ in inside) / len(inside)
            accuracy = sum(right for _, right in inside) / len(inside)
            total += len(inside) / len(truth) * abs(accuracy - confidence)
    return total


def test_accuracy_and_f1_against_loops():
    truth, probabilities = example(1)
    chosen = [max(range(3), key=lambda c: row[c]) for row in probabilities]
    figures = measure(POLARITY, truth[:, None], probabilities)
    f1 = [naive_f1(truth, chosen, label) for label in range(3)]
    assert figures["accuracy"] == pytest.approx(sum(t == c for t, c in zip(truth, chosen, strict=True)) / 50)
    assert figures["f1_macro"] == pytest.approx(sum(f1) / 3)
    assert figures["f1_weighted"] == pytest.approx(sum(f1[t] for t in truth) / 50)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), grid=st.integers(1, 30))
def test_ece_against_loops_also_on_the_edges_of_bins(seed, grid):
    generator = np.random.default_rng(seed)
    truth = generator.integers(3, size=20)
    cuts = np.sort(generator.integers(grid + 1, size=(20, 2)), axis=1)
    shares = np.diff(cuts, axis=1, prepend=0, append=grid) / grid
    assert measure(POLARITY, truth[:, None], shares)["ece"] == pytest.approx(naive_ece(truth, shares))


def test_ece_by_hand():
    # two in (12/15, 13/15], one of them right; one sure and right
    probabilities = np.array([[0.82, 0.18, 0], [0.84, 0.16, 0], [0, 0, 1.0]])
    figures = measure(POLARITY, np.array([[0], [1], [2]]), probabilities)
    assert figures["ece"] == pytest.approx(2 / 3 * abs(0.5 - 0.83))


def test_brier_against_loops_and_scikit_learn():
    truth, probabilities = example(2)
    naive = 0.0
    for label, row in zip(truth, probabilities, strict=True):
        for c, share in enumerate(row):
            naive += (share - (c == label)) ** 2 / len(truth)
    figures = measure(POLARITY, truth[:, None], probabilities)
    assert figures["brier"] == pytest.approx(naive)
    assert figures["brier"] == pytest.approx(
        brier_score_loss(truth, probabilities, labels=[0, 1, 2], scale_by_half=False)
    )


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


def test_reliability_pools_seeds_and_gives_back_the_ece_of_one():
    truth, probabilities = example(3)
    one = details(POLARITY, truth[:, None], probabilities[None])["reliability"]
    ece = sum(b["share"] * abs(b["accuracy"] - b["confidence"]) for b in one if b["share"])
    assert ece == pytest.approx(measure(POLARITY, truth[:, None], probabilities)["ece"])
    assert [b["low"] for b in one] == pytest.approx([k / 15 for k in range(15)])
    assert one[0] == {
        "low": 0,
        "high": pytest.approx(1 / 15),
        "share": 0,
        "confidence": None,
        "accuracy": None,
    }

    wrong = np.roll(np.eye(3)[truth], 1, axis=1)
    pooled = details(POLARITY, truth[:, None], np.stack([np.eye(3)[truth], wrong]))["reliability"]
    assert pooled[-1]["share"] == 1
    assert pooled[-1]["accuracy"] == 0.5


def test_tables_are_json():
    truth, probabilities = example(4)
    tables = details(POLARITY, truth[:, None], probabilities[None])
    assert json.loads(json.dumps(tables, allow_nan=False)) == tables
