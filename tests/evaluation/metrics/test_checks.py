"""What is not a target or a prediction of a task is refused, whatever is to be measured."""

import numpy as np
import pytest

from pacl_core.evaluation.metrics import details, measure, resampled
from tests.evaluation.metrics.kinds import KINDS, MARKS, POLARITY, TREE, VAD, example


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
