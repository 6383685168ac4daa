"""Multi label: against naive loops, ties included, and classes whose ranking has no value."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import label_ranking_loss

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics import details, measure

NAMES = ("anger", "joy", "fear")
EMOTIONS = Task("emotions", "multi_label", NAMES, NAMES)


def naive_ap(given_items, scores):
    """Precision at each positive, over all items that score at least as high."""
    precisions = []
    for score in [s for g, s in zip(given_items, scores, strict=True) if g]:
        above = [g for g, s in zip(given_items, scores, strict=True) if s >= score]
        precisions.append(sum(above) / len(above))
    return sum(precisions) / len(precisions)


def naive_auc(given_items, scores):
    wins, pairs = 0.0, 0
    for g, s in zip(given_items, scores, strict=True):
        for other, t in zip(given_items, scores, strict=True):
            if g and not other:
                pairs += 1
                wins += 1 if s > t else 0.5 if s == t else 0
    return wins / pairs


def naive_ranking_loss(target, prediction):
    losses = []
    for row, scores in zip(target, prediction, strict=True):
        pairs = [(i, j) for i in range(len(row)) for j in range(len(row)) if row[i] and not row[j]]
        losses.append(sum(scores[i] <= scores[j] for i, j in pairs) / len(pairs) if pairs else 0)
    return sum(losses) / len(losses)


def naive_f1(given_items, chosen):
    hits = sum(g and c for g, c in zip(given_items, chosen, strict=True))
    return 2 * hits / (sum(given_items) + sum(chosen))


def example(seed, items=12, grid=10):
    generator = np.random.default_rng(seed)
    target = generator.integers(2, size=(items, 3))
    target[0], target[1] = 0, 1  # both outcomes in every class
    return target, generator.integers(grid + 1, size=(items, 3)) / grid


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), grid=st.sampled_from([2, 10, 10_000]))
def test_every_metric_against_loops(seed, grid):
    target, prediction = example(seed, grid=grid)
    chosen = [[score >= 0.5 for score in row] for row in prediction]
    values = measure(EMOTIONS, target, prediction)
    columns = list(zip(target.T, prediction.T, np.transpose(chosen), strict=True))
    assert values["map"] == pytest.approx(np.mean([naive_ap(t, p) for t, p, _ in columns]))
    assert values["auc"] == pytest.approx(np.mean([naive_auc(t, p) for t, p, _ in columns]))
    wrong = sum(chosen[n][c] != target[n][c] for n in range(len(target)) for c in range(3))
    assert values["hamming"] == pytest.approx(wrong / target.size)
    assert values["ranking_loss"] == pytest.approx(naive_ranking_loss(target, prediction))
    assert values["f1_macro"] == pytest.approx(np.mean([naive_f1(t, c) for t, _, c in columns]))
    hits = [row[scores.tolist().index(max(scores))] for row, scores in zip(target, prediction, strict=True)]
    assert values["hit_at_1"] == pytest.approx(np.mean(hits))
    assert values["f1_micro"] == pytest.approx(naive_f1(target.ravel(), np.ravel(chosen)))


def test_ranking_loss_is_that_of_scikit_learn():
    target, prediction = example(8, items=60)
    values = measure(EMOTIONS, target, prediction)
    assert values["ranking_loss"] == pytest.approx(label_ranking_loss(target, prediction))


def test_by_hand():
    target = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 1]])
    prediction = np.array([[0.9, 0.1, 0.3], [0.4, 0.3, 0.2], [0.2, 0.8, 0.6]])
    values = measure(EMOTIONS, target, prediction)
    assert values["map"] == pytest.approx(((1 + 2 / 3) / 2 + 1 + 1) / 3)
    assert values["auc"] == pytest.approx((0.5 + 1 + 1) / 3)
    assert values["hamming"] == pytest.approx(2 / 9)
    assert values["ranking_loss"] == pytest.approx((0 + 1 / 2 + 0) / 3)
    assert values["hit_at_1"] == pytest.approx(2 / 3)


def test_a_hit_needs_the_likeliest_class_alone():
    """Of equal classes the first counts; an item with no class is a miss."""
    target = np.array([[0, 1, 1], [0, 1, 0], [0, 0, 0], [1, 0, 0]])
    prediction = np.array([[0.2, 0.2, 0.9], [0.4, 0.4, 0.1], [0, 0, 0], [0, 0, 0]])
    assert measure(EMOTIONS, target, prediction)["hit_at_1"] == 0.5


def test_classes_without_both_outcomes_leave_the_means_and_are_listed():
    target, prediction = example(5)
    target[:, 1], target[:, 2] = 0, 1
    values = measure(EMOTIONS, target, prediction)
    assert values["map"] == pytest.approx((naive_ap(target[:, 0], prediction[:, 0]) + 1) / 2)
    assert values["auc"] == pytest.approx(naive_auc(target[:, 0], prediction[:, 0]))
    tables = details(EMOTIONS, target, prediction[None])
    assert tables["undefined_classes"] == ["joy", "fear"]
    assert tables["per_class"][1] == {"class": "joy", "positives": 0, "ap": None, "auc": None, "f1": None}
    assert tables["per_class"][2]["ap"] == 1
    assert tables["per_class"][2]["auc"] is None


def test_reasons_stand_where_no_class_is_left():
    nothing, low = np.zeros((4, 3)), np.full((4, 3), 0.1)
    values = measure(EMOTIONS, nothing, low)
    assert values["map"] == "no class has a positive item"
    assert values["auc"] == "no class has both positive and negative items"
    assert values["f1_micro"] == values["f1_macro"] == "no class is given or predicted"
    assert values["hamming"] == values["ranking_loss"] == values["hit_at_1"] == 0


def test_a_single_class_is_one_class_not_two():
    task = Task("joy", "multi_label", ("joy",), ("joy",))
    values = measure(task, np.array([[1], [0], [0]]), np.array([[0.9], [0.7], [0.1]]))
    assert values["f1_macro"] == values["f1_micro"] == pytest.approx(2 / 3)
    assert values["ranking_loss"] == 0


def test_tables_are_means_over_seeds_and_json():
    target, first = example(6)
    _, second = example(7)
    tables = details(EMOTIONS, target, np.stack([first, second]))
    for c, row in enumerate(tables["per_class"]):
        assert row["class"] == NAMES[c]
        assert row["positives"] == target[:, c].sum()
        assert row["ap"] == pytest.approx(np.mean([naive_ap(target[:, c], p[:, c]) for p in (first, second)]))
        assert row["auc"] == pytest.approx(
            np.mean([naive_auc(target[:, c], p[:, c]) for p in (first, second)])
        )
        assert row["f1"] == pytest.approx(
            np.mean([naive_f1(target[:, c], p[:, c] >= 0.5) for p in (first, second)])
        )
    assert tables["undefined_classes"] == []
    assert json.loads(json.dumps(tables, allow_nan=False)) == tables
