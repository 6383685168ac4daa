"""Calibration: ECE, Brier score and reliability bins against loops and values worked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from pacl_core.evaluation.metrics import details, measure
from tests.evaluation.metrics.test_single_label import POLARITY, example


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


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), grid=st.integers(1, 30))
def test_ece_against_loops_also_on_the_edges_of_bins(seed, grid):
    generator = np.random.default_rng(seed)
    truth = generator.integers(3, size=20)
    cuts = np.sort(generator.integers(grid + 1, size=(20, 2)), axis=1)
    probabilities = np.diff(cuts, axis=1, prepend=0, append=grid) / grid
    assert measure(POLARITY, truth[:, None], probabilities)["ece"] == pytest.approx(
        naive_ece(truth, probabilities)
    )


def test_ece_by_hand():
    # two in (12/15, 13/15], one of them right; one sure and right
    probabilities = np.array([[0.82, 0.18, 0], [0.84, 0.16, 0], [0, 0, 1.0]])
    values = measure(POLARITY, np.array([[0], [1], [2]]), probabilities)
    assert values["ece"] == pytest.approx(2 / 3 * abs(0.5 - 0.83))


def test_brier_against_loops_and_scikit_learn():
    truth, probabilities = example(2)
    naive = 0.0
    for label, row in zip(truth, probabilities, strict=True):
        for c, probability in enumerate(row):
            naive += (probability - (c == label)) ** 2 / len(truth)
    values = measure(POLARITY, truth[:, None], probabilities)
    assert values["brier"] == pytest.approx(naive)
    assert values["brier"] == pytest.approx(
        brier_score_loss(truth, probabilities, labels=[0, 1, 2], scale_by_half=False)
    )


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
