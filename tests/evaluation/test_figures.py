"""What holds for every kind: resampled figures are those of the items taken, and bad arrays are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.datasets.tasks import Level, Task
from pacl_core.errors import UserError
from pacl_core.evaluation.metrics import details, headline, measure, resampled

VAD = Task("feeling", "regression", ("valence", "arousal"))
POLARITY = Task("polarity", "single_label", ("polarity",), ("negative", "neutral", "positive"))
SHARES = Task("shares", "distribution", ("a", "b", "c"), ("a", "b", "c"))
MARKS = Task("marks", "multi_label", ("a", "b", "c"), ("a", "b", "c"))
TREE = Task(
    "tree",
    "hierarchical",
    ("coarse", "fine"),
    levels=(Level("coarse", ("no", "yes")), Level("fine", ("a", "b", "c"))),
    ancestors=((0,), (0,), (1,)),
)
KINDS = [VAD, POLARITY, SHARES, MARKS, TREE]


def coarse_shares(generator, items, classes):
    """Shares on a coarse grid: ties between classes and items, zeros, and confidences on edges of bins."""
    cuts = np.sort(generator.integers(7, size=(items, classes - 1)), axis=1)
    return np.diff(cuts, axis=1, prepend=0, append=6) / 6


def example(task, seed, items):
    generator = np.random.default_rng(seed)
    if task.kind == "regression":
        return generator.random((items, 2)), generator.random((items, 2))
    if task.kind == "multi_label":
        density = generator.choice([0.0, 0.2, 0.7, 1.0], size=3)
        return (generator.random((items, 3)) < density) * 1.0, generator.integers(5, size=(items, 3)) / 4
    if task.kind == "hierarchical":
        target = np.stack([generator.integers(2, size=items), generator.integers(3, size=items)], axis=1)
        return target, np.hstack([coarse_shares(generator, items, classes) for classes in (2, 3)])
    target = generator.integers(3, size=(items, 1))
    return (
        target if task.kind == "single_label" else coarse_shares(generator, items, 3),
        coarse_shares(generator, items, 3),
    )


def agree(values, figures):
    assert values.keys() == figures.keys()
    for name, figure in figures.items():
        if isinstance(figure, str):
            assert np.isnan(values[name]), name
        else:
            assert values[name] == pytest.approx(figure, abs=1e-9), name


@pytest.mark.parametrize("task", KINDS, ids=lambda task: task.kind)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), items=st.integers(1, 25), data=st.data())
def test_resampled_equals_measuring_the_items_taken(task, seed, items, data):
    target, prediction = example(task, seed, items)
    row = st.lists(st.integers(0, 3), min_size=items, max_size=items).filter(any)
    counts = np.array([[1] * items, *data.draw(st.lists(row, min_size=1, max_size=2))])
    values = resampled(task, target, prediction, counts=counts)
    for r, times in enumerate(counts):
        taken = np.repeat(np.arange(items), times)
        agree({name: of[r] for name, of in values.items()}, measure(task, target[taken], prediction[taken]))


@pytest.mark.parametrize("task", KINDS, ids=lambda task: task.kind)
def test_the_headline_is_one_of_the_figures(task):
    assert headline(task) in measure(task, *example(task, 0, 8))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("task", KINDS, ids=lambda task: task.kind)
def test_a_prediction_that_is_no_number_is_refused(task, value):
    target, prediction = example(task, 0, 8)
    prediction[3, 1] = value
    with pytest.raises(ValueError, match=f"task '{task.name}': 1 predictions are NaN or infinite"):
        measure(task, target, prediction)
    with pytest.raises(ValueError, match="1 predictions are NaN or infinite"):
        resampled(task, target, prediction, counts=np.ones((1, 8)))
    with pytest.raises(ValueError, match="1 predictions are NaN or infinite"):
        details(task, target, prediction[None])


@pytest.mark.parametrize(
    ("task", "target", "prediction", "complaint"),
    [
        (POLARITY, [[0]], [[2.0, -1.0, 0.0]], r"outside \[0, 1\]"),
        (POLARITY, [[0]], [[0.5, 0.2, 0.1]], "do not sum to 1"),
        (TREE, [[0, 0]], [[0.5, 0.5, 0.9, 0.9, 0.9]], "do not sum to 1"),
        (POLARITY, [[3]], [[0.5, 0.5, 0.0]], "column 'polarity' has targets that are no class index"),
        (TREE, [[0, 0.5]], [[0.5, 0.5, 1, 0, 0]], "column 'fine' has targets that are no class index"),
        (MARKS, [[0, 2, 1]], [[0.5, 0.5, 0.5]], "targets are not 0 or 1"),
        (MARKS, [[0, 1, 1]], [[0.5, 1.5, 0.5]], r"outside \[0, 1\]"),
        (VAD, [[0.1, np.nan]], [[0.1, 0.2]], "1 targets are NaN"),
        (VAD, [[0.1, 0.2]], [[0.1, 0.2], [0.1, 0.2]], r"target \(1, 2\) and prediction \(2, 2\)"),
        (POLARITY, [[0]], [[0.5, 0.5]], "1 and 2 columns, not 1 and 3"),
        (VAD, np.zeros((0, 2)), np.zeros((0, 2)), r"\(0, 2\)"),
    ],
)
def test_what_cannot_be_measured_is_refused(task, target, prediction, complaint):
    with pytest.raises(ValueError, match=complaint):
        measure(task, np.array(target), np.array(prediction))


def test_an_unknown_kind_names_the_nearest():
    with pytest.raises(UserError, match="unknown task kind 'regresion'; did you mean 'regression'"):
        measure(Task("x", "regresion", ("x",)), np.zeros((2, 1)), np.zeros((2, 1)))
    with pytest.raises(UserError, match="unknown task kind 'regresion'"):
        headline(Task("x", "regresion", ("x",)))
