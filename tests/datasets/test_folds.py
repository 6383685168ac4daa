"""Folds: no content in two of a fold's parts, every item once, near equal, the same whatever the order."""

from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.datasets.folds import assign_folds
from pacl_core.datasets.splits import content_groups
from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from tests.datasets.test_splits import LABEL, frame, naive_groups

ROWS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60), st.one_of(st.none(), st.integers(0, 2))),
    min_size=1,
    max_size=60,
)


@given(ROWS, st.integers(2, 6), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=200)
def test_no_fold_sees_its_items_or_what_belongs_to_them(rows, folds, random) -> None:  # type: ignore[no-untyped-def]
    """By groups that a naive search finds: of each group all rows are in one of a fold's three parts."""
    hashes, images, labels = (list(column) for column in zip(*rows, strict=True))
    items = frame(hashes, labels, images)
    groups = naive_groups(hashes, images)
    if len(set(groups)) < 2 * folds:
        with pytest.raises(UserError, match="too few"):
            assign_folds(items, [LABEL], folds)
        return
    found = assign_folds(items, [LABEL], folds)
    fold, val_of = found["fold"].to_list(), found["val_of"].to_list()
    assert set(fold) == set(range(folds))
    for number in range(folds):
        test = {row for row in range(len(rows)) if fold[row] == number}
        val = {row for row in range(len(rows)) if val_of[row] == number}
        train = set(range(len(rows))) - test - val
        assert test and val and train
        for group in groups:
            assert group <= test or group <= val or group <= train
    order = list(range(len(items)))
    random.shuffle(order)
    assert assign_folds(items[order], [LABEL], folds).equals(found[order])


@given(st.lists(st.integers(0, 2), min_size=20, max_size=200), st.integers(2, 10))
@settings(deadline=None)
def test_each_class_is_spread_as_evenly_as_single_items_allow(labels: list[int], folds: int) -> None:
    found = assign_folds(frame(list(range(len(labels))), list(labels)), [LABEL], folds)
    for column, parts in (("fold", folds), ("val_of", folds)):
        sizes = Counter(found[column].drop_nulls())
        assert max(sizes.values()) - min(sizes[part] for part in range(parts)) <= 1
    for label in set(labels):
        of_label = found.filter(pl.Series(labels) == label)
        sizes = Counter(of_label["fold"])
        assert max(sizes.values()) - min(sizes[part] for part in range(folds)) <= 1
    halves = found.group_by("fold").agg(pl.len(), pl.col("val_of").is_not_null().sum().alias("val"))
    assert all(val in (size // 2, -(-size // 2)) for _, size, val in halves.iter_rows())


def test_a_fold_is_validated_by_half_of_the_next() -> None:
    found = assign_folds(frame(list(range(100)), [row % 3 for row in range(100)]), [LABEL], 5)
    pairs = set(found.drop_nulls().iter_rows())
    assert pairs == {((fold + 1) % 5, fold) for fold in range(5)}
    assert Counter(found["val_of"].drop_nulls()) == dict.fromkeys(range(5), 10)


def test_many_rare_classes_do_not_fall_to_one_fold() -> None:
    task = Task("label", "single_label", ("label",), tuple(map(str, range(40))))
    found = assign_folds(frame(list(range(80)), [row % 40 for row in range(80)]), [task], 5)
    assert Counter(found["fold"]) == dict.fromkeys(range(5), 16)
    assert Counter(found["val_of"].drop_nulls()) == dict.fromkeys(range(5), 8)


def test_big_groups_go_to_different_folds() -> None:
    hashes = [0] * 10 + [1] * 10 + list(range(2, 42))
    items = frame(hashes, [0] * 60)
    found = assign_folds(items, [LABEL], 2)
    assert len(set(content_groups(items))) == 42
    assert Counter(found["fold"]) == {0: 30, 1: 30}


def test_official_splits_and_none_asked_for_leave_folds_null() -> None:
    official: list[str | None] = ["train"] * 20 + ["test"] * 10
    for items, folds in (
        (frame(list(range(30)), [0] * 30, split=official), 5),
        (frame(list(range(30)), [0] * 30), 0),
        (frame([], []), 5),
    ):
        found = assign_folds(items, [LABEL], folds)
        assert found.schema == {"fold": pl.Int8, "val_of": pl.Int8}
        assert len(found) == len(items) == found["fold"].null_count() == found["val_of"].null_count()


def test_too_few_images_are_an_error_that_says_what_to_set() -> None:
    """Copies of an image are one."""
    nine = frame([*range(9), 0, 1, 2], [0] * 12)
    with pytest.raises(
        UserError, match=r"^9 different images are too few for 5 folds.* to 4 or less, or to 0"
    ):
        assign_folds(nine, [LABEL], 5)
    assert assign_folds(nine, [LABEL], 4)["fold"].n_unique() == 4
    with pytest.raises(UserError, match=r"^3 different images .* evaluate\.folds to 0"):
        assign_folds(nine[:3], [LABEL], 2)
