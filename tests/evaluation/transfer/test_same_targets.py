"""Which targets two data sets have in common, and what becomes of the stored ones."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.evaluation.transfer.same_targets import same_targets
from pacl_core.params.evaluation import SameClasses
from tests.evaluation.transfer.stored_sets import EMOTION, FEELING, OASIS, POLARITY, SENTIMENT, VA

NAMES = ("a", "b")


def indices(*values: float) -> NDArray[Any]:
    return np.array(values, np.float32)[:, None]


def test_a_mapping_leaves_out_classes_of_both_sides_and_may_merge_some() -> None:
    (found,) = same_targets([EMOTION], [FEELING], {"joy": "happy", "fear": "scared"}, names=NAMES)
    assert (found.task.name, found.task.classes) == ("feeling, from a", ("scared", "happy"))
    assert (found.task.kind, found.task.outputs) == ("single_label", 2)
    stored = indices(0, 1, 2, np.nan)  # joy, fear, awe, no label
    np.testing.assert_array_equal(found.of_source(stored), indices(1, 0, np.nan, np.nan))
    np.testing.assert_array_equal(found.of_target(indices(0, 1, np.nan)), indices(0, 1, np.nan))
    merged = {"joy": "happy", "awe": "happy", "fear": "scared"}
    (found,) = same_targets([EMOTION], [FEELING], merged, names=NAMES)
    np.testing.assert_array_equal(found.of_source(stored), indices(1, 0, 1, np.nan))
    (found,) = same_targets([POLARITY], [EMOTION], {"negative": "fear", "positive": "awe"}, names=NAMES)
    assert found.task.classes == ("fear", "awe")
    np.testing.assert_array_equal(found.of_target(indices(0, 1, 2)), indices(np.nan, 0, 1))


def test_polarity_is_negative_and_positive_and_neutral_where_both_have_it() -> None:
    (found,) = same_targets([EMOTION, POLARITY], [FEELING, SENTIMENT], "polarity", names=NAMES)
    assert (found.task.name, found.task.classes) == ("sentiment, from a", ("negative", "positive"))
    np.testing.assert_array_equal(found.of_source(indices(0, 1)), indices(0, 1))
    np.testing.assert_array_equal(found.of_target(indices(0, 1, 2)), indices(0, np.nan, 1))
    (found,) = same_targets([POLARITY, SENTIMENT], [SENTIMENT], "polarity", names=NAMES)
    assert found.task.classes == SENTIMENT.classes


def test_null_joins_classes_of_one_name_in_any_case() -> None:
    other = Task("moods", "single_label", ("moods",), ("Awe", "Rage", "Joy"))
    (found,) = same_targets([EMOTION, POLARITY], [other], None, names=NAMES)
    assert found.task.classes == ("Awe", "Joy")
    np.testing.assert_array_equal(found.of_source(indices(0, 1, 2)), indices(1, np.nan, 0))


@pytest.mark.parametrize("same", ["polarity", None])
def test_ratings_of_the_same_dimensions_go_over_in_the_order_of_the_target(same: SameClasses) -> None:
    (found,) = same_targets([VA], [OASIS], same, names=NAMES)
    assert found.task.name == "oasis, from a"
    assert found.task.columns == ("Arousal_mean", "Valence_mean")
    stored = np.array([[0.1, 0.2], [0.3, 0.4]], np.float32)
    np.testing.assert_array_equal(found.of_source(stored), stored[:, ::-1])
    np.testing.assert_array_equal(found.of_target(stored), stored)
    alone = Task("mood", "regression", ("valence",), scale=(-1, 1))
    (found,) = same_targets([alone], [OASIS], same, names=NAMES)
    assert (found.task.name, found.task.columns) == ("Valence_mean, from a", ("Valence_mean",))
    np.testing.assert_array_equal(found.of_target(stored), stored[:, 1:])


def test_labels_come_before_ratings() -> None:
    found = same_targets([VA, POLARITY], [OASIS, POLARITY], "polarity", names=NAMES)
    assert [one.task.kind for one in found] == ["single_label", "regression"]


@pytest.mark.parametrize(
    ("source", "target", "same", "said"),
    [
        (
            EMOTION,
            FEELING,
            {"jooy": "happy", "fear": "scared"},
            "set 'a': unknown class 'jooy'; did you mean",
        ),
        (
            EMOTION,
            FEELING,
            {"joy": "happi", "fear": "scared"},
            "set 'b': unknown class 'happi'; did you mean",
        ),
        (EMOTION, FEELING, {"joy": "happy", "awe": "happy"}, "needs two classes of 'b'"),
        (VA, FEELING, {"joy": "happy", "awe": "scared"}, "data set 'a': it has no single-label task"),
        (EMOTION, FEELING, "polarity", "'a' and 'b' have no classes negative and positive in common"),
        (EMOTION, FEELING, None, "no two classes of the same name in common, and no ratings"),
        (Task("v", "regression", ("valence",)), Task("d", "regression", ("dominance",)), None, "no ratings"),
    ],
)
def test_what_is_not_there_is_one_clear_line(
    source: Task, target: Task, same: SameClasses, said: str
) -> None:
    with pytest.raises(UserError, match=said) as caught:
        same_targets([source], [target], same, names=NAMES)
    assert "\n" not in str(caught.value)


def test_classes_of_two_tasks_are_not_one_mapping() -> None:
    with pytest.raises(UserError, match="data set 'a': no task has all of joy, negative"):
        same_targets([EMOTION, POLARITY], [FEELING], {"joy": "happy", "negative": "scared"}, names=NAMES)
