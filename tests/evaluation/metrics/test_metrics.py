"""What holds for every kind: resampled metrics (`item_sums`) are those of the items taken."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.evaluation.metrics import headline, measure, resampled
from tests.evaluation.metrics.kinds import KINDS, example


def agree(resampled_values, measured):
    assert resampled_values.keys() == measured.keys()
    for name, value in measured.items():
        if isinstance(value, str):
            assert np.isnan(resampled_values[name]), name
        else:
            assert resampled_values[name] == pytest.approx(value, abs=1e-9), name


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
def test_the_headline_is_one_of_the_metrics(task):
    assert headline(task) in measure(task, *example(task, 0, 8))


def test_an_unknown_kind_names_the_nearest():
    with pytest.raises(UserError, match="unknown task kind 'regresion'; did you mean 'regression'"):
        measure(Task("x", "regresion", ("x",)), np.zeros((2, 1)), np.zeros((2, 1)))
    with pytest.raises(UserError, match="unknown task kind 'regresion'"):
        headline(Task("x", "regresion", ("x",)))
