"""Labels in words, for each kind of task."""

import numpy as np
import pytest

from pacl_core.datasets.tasks import Level, Task
from pacl_core.examples.dataset import has_classes, label_of, shown_task

SINGLE = Task("mood", "single_label", ("mood",), classes=("joy", "fear"))
LEVELS = Task("levels", "hierarchical", ("a", "b"), levels=(Level("a", ("x",)), Level("b", ("u", "v"))))
SHARES = Task("shares", "distribution", ("s0", "s1"), classes=("joy", "fear"))
MARKS = Task("marks", "multi_label", ("joy", "fear"))
VALUES = Task("values", "regression", ("valence", "arousal"))


@pytest.mark.parametrize(
    ("task", "target", "said"),
    [
        (SINGLE, [1], "fear"),
        (LEVELS, [0, 1], "v"),
        (SHARES, [0.25, 0.75], "fear 75%"),
        (MARKS, [1, 1], "joy, fear"),
        (MARKS, [0, 0], "none"),
        (VALUES, [0.5, 0.125], "valence 0.50, arousal 0.12"),
        (SINGLE, [np.nan], None),
    ],
)
def test_a_label_in_words(task, target, said):
    assert label_of(task, np.array(target, np.float32)) == said


def test_classes_go_before_numbers():
    assert shown_task([VALUES, SHARES, SINGLE]) is SINGLE
    assert shown_task([]) is None
    assert has_classes(LEVELS)
    assert not has_classes(SHARES)
