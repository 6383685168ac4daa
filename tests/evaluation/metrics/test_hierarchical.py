"""Hierarchical: each level as if alone, and the agreement of levels against loops."""

import dataclasses
import json

import numpy as np
import pytest

from pacl_core.datasets.tasks import Level, Task
from pacl_core.evaluation.metrics import details, headline, measure, resampled

LEVELS = (
    Level("polarity", ("negative", "positive")),
    Level("group", ("sad", "mad", "glad")),
    Level("emotion", ("grief", "gloom", "rage", "joy")),
)
ANCESTORS = ((0, 0), (0, 0), (0, 1), (1, 2))
TREE = Task("tree", "hierarchical", ("l2", "l3", "l4"), levels=LEVELS, ancestors=ANCESTORS)
FINE = Task("emotion", "single_label", ("l4",), LEVELS[2].classes)


def example(seed, items=30):
    generator = np.random.default_rng(seed)
    fine = generator.integers(4, size=items)
    target = np.array([[*ANCESTORS[f], f] for f in fine])
    return target, np.hstack([generator.dirichlet(np.ones(k), size=items) for k in (2, 3, 4)])


def chosen_levels(row):
    parts = row[:2], row[2:5], row[5:]
    return [max(range(len(part)), key=lambda c: part[c]) for part in parts]


def test_a_level_has_the_metrics_and_tables_that_it_has_alone():
    target, prediction = example(0)
    values = measure(TREE, target, prediction)
    for name, value in measure(FINE, target[:, 2:], prediction[:, 5:]).items():
        assert values[f"{name}_emotion"] == value
    tables = details(TREE, target, prediction[None])
    assert list(tables) == ["polarity", "group", "emotion"]
    assert tables["emotion"] == details(FINE, target[:, 2:], prediction[None, :, 5:])
    assert json.loads(json.dumps(tables, allow_nan=False)) == tables


def test_consistency_and_joint_accuracy_against_loops():
    target, prediction = example(1, items=200)
    consistent = joint = 0
    for truth, row in zip(target, prediction, strict=True):
        polarity, group, emotion = chosen_levels(row)
        consistent += (polarity, group) == ANCESTORS[emotion]
        joint += [polarity, group, emotion] == list(truth)
    values = measure(TREE, target, prediction)
    assert values["consistency"] == pytest.approx(consistent / 200)
    assert values["accuracy_joint"] == pytest.approx(joint / 200)
    assert joint < consistent  # the two are told apart


def test_wrong_but_agreeing_levels_are_consistent():
    target = np.array([[0, 0, 0]])
    prediction = np.array([[0, 1, 0, 0, 1, 0, 0, 0, 1]])
    values = measure(TREE, target, prediction)
    assert values["consistency"] == 1
    assert values["accuracy_joint"] == values["accuracy_emotion"] == 0


def test_without_ancestors_consistency_has_a_reason():
    target, prediction = example(2)
    task = dataclasses.replace(TREE, ancestors=())
    assert measure(task, target, prediction)["consistency"] == (
        "the data set names no ancestors of its finest classes"
    )
    assert np.isnan(resampled(task, target, prediction, counts=np.ones((2, 30)))["consistency"]).all()


def test_the_headline_is_the_finest_level():
    assert headline(TREE) == "accuracy_emotion"
