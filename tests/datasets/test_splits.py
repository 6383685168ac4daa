"""Splits that we assign: by content, near their shares, the same whatever the order."""

from collections import Counter, defaultdict

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.datasets.record import DatasetRecord
from pacl_core.datasets.splits import (
    ALL,
    assign_splits,
    content_groups,
    deal,
    finest_labels,
    placeholders,
    record_ratio,
    strata,
)
from pacl_core.datasets.tasks import Level, Task

LABEL = Task("label", "single_label", ("label",), ("a", "b", "c"))


def frame(
    hashes: list[int],
    labels: list[int | None],
    images: list[int] | None = None,
    split: list[str | None] | None = None,
    files: list[int] | None = None,
) -> pl.DataFrame:
    rows = range(len(hashes))
    return pl.DataFrame(
        {
            "pixel_hash": [f"hash{one}" for one in hashes],
            "image_name": [f"image{one}" for one in (images or rows)],
            "file_hash": [f"file{hash_}" for hash_ in (files or rows)],
            "split": split or [None] * len(hashes),
            "label": labels,
        },
        schema=dict.fromkeys(("pixel_hash", "image_name", "file_hash", "split"), pl.String)
        | {"label": pl.Int32},
    )


def naive_groups(hashes: list[int], images: list[int]) -> list[frozenset[int]]:
    """Rows connected by a hash or an image, by growing sets until nothing changes."""
    groups = [{row} for row in range(len(hashes))]
    changed = True
    while changed:
        changed = False
        for one in groups:
            for row in list(one):
                for other in range(len(hashes)):
                    if other not in one and (hashes[other] == hashes[row] or images[other] == images[row]):
                        one.add(other)
                        changed = True
    return [frozenset(group) for group in groups]


ROWS = st.lists(
    st.tuples(st.integers(0, 25), st.integers(0, 25), st.one_of(st.none(), st.integers(0, 2))),
    min_size=1,
    max_size=40,
)


@given(ROWS)
@settings(deadline=None)
def test_what_is_connected_is_one_group(rows: list[tuple[int, int, int | None]]) -> None:
    hashes, images, labels = (list(column) for column in zip(*rows, strict=True))
    found = content_groups(frame(hashes, labels, images))
    expected = naive_groups(hashes, images)
    assert [frozenset(np.flatnonzero(found == one).tolist()) for one in found] == expected


@given(ROWS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_splits_never_straddle_content_and_do_not_hang_on_order(rows, random) -> None:  # type: ignore[no-untyped-def]
    hashes, images, labels = (list(column) for column in zip(*rows, strict=True))
    items = frame(hashes, labels, images)
    split = assign_splits(items, [LABEL])
    for column in ("pixel_hash", "image_name"):
        of = items.with_columns(split).group_by(column).agg(pl.col("split").n_unique())
        assert of["split"].max() == 1
    order = list(range(len(items)))
    random.shuffle(order)
    assert assign_splits(items[order], [LABEL]).to_list() == split.gather(order).to_list()


@given(st.lists(st.integers(0, 2), min_size=3, max_size=200))
@settings(deadline=None)
def test_each_class_is_split_as_near_as_single_items_allow(labels: list[int]) -> None:
    split = assign_splits(frame(list(range(len(labels))), list(labels)), [LABEL])
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for label, name in zip(labels, split, strict=True):
        counts[label][name] += 1
    for found in counts.values():
        whole = found.total()
        if whole >= 3:
            assert found["val"] and found["test"]
        for name, share in ALL.items():
            assert abs(found[name] - share * whole / 10) < 3
    whole = len(labels)
    for name, share in ALL.items():
        assert abs(sum(found[name] for found in counts.values()) - share * whole / 10) <= 5


def test_remainders_of_many_classes_do_not_fall_to_one_split() -> None:
    task = Task("label", "single_label", ("label",), tuple(map(str, range(25))))
    split = assign_splits(frame(list(range(375)), [row % 25 for row in range(375)]), [task])
    counts = Counter(split)
    assert abs(counts["val"] - 37.5) < 2 and abs(counts["test"] - 37.5) < 2


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 60)), min_size=1, max_size=60))
@settings(deadline=None)
def test_every_class_is_trained_on(rows: list[tuple[int, int]]) -> None:
    """A class with one group is in train alone; of several groups, train has one."""
    labels, hashes = (list(column) for column in zip(*rows, strict=True))
    task = Task("label", "single_label", ("label",), tuple(map(str, range(31))))
    items = frame(hashes, list(labels))
    found = items.with_columns(assign_splits(items, [task]), group=content_groups(items))
    strata_of_groups = found.group_by("group").agg(pl.col("label").max(), pl.col("split").first())
    for _, groups in strata_of_groups.group_by("label"):
        assert "train" in groups["split"]


def test_classes_of_one_image_are_not_tested() -> None:
    task = Task("label", "single_label", ("label",), tuple(map(str, range(40))))
    assert set(assign_splits(frame(list(range(40)), list(range(40))), [task])) == {"train"}
    half = ["train"] * 40 + ["test"]
    items = frame(list(range(41)), [*range(40), 0], split=[*half])
    assert assign_splits(items, [task]).to_list() == half


def test_the_only_image_of_any_tasks_class_is_trained_on() -> None:
    """Of a mark and of a coarse label as well, where the strata are those of another task."""
    marks = Task("marks", "multi_label", ("m", "n"), ("m", "n"))
    coarse = Task("coarse", "single_label", ("coarse",), ("x", "y"))
    labels: list[int | None] = [row % 3 for row in range(100)]
    for only in range(0, 100, 7):
        items = frame(list(range(100)), labels).with_columns(
            m=pl.Series([float(row == only) for row in range(100)]),
            n=pl.Series([1.0] * 100),
            coarse=pl.Series([int(row == (only + 50) % 100) for row in range(100)]),
        )
        split = assign_splits(items, [LABEL, marks, coarse])
        assert split[only] == split[(only + 50) % 100] == "train"
        assert Counter(split) == {"train": 80, "val": 10, "test": 10}


def test_one_image_less_of_thousands_moves_two_at_most() -> None:
    hashes = [f"{number * 7919 % 4000:04}" for number in range(4000)]
    before, _ = deal([1] * 4000, hashes, ALL, owed={})
    for gone in (0, 1234, 3999):
        after, _ = deal([1] * 3999, hashes[:gone] + hashes[gone + 1 :], ALL, owed={})
        assert sum(a != b for a, b in zip(before[:gone] + before[gone + 1 :], after, strict=True)) <= 2


def test_a_big_group_goes_where_it_fits() -> None:
    split, _ = deal([50, *[1] * 50], [f"{number:02}" for number in range(51)], ALL, owed={})
    sizes = {name: sum(50 if not g else 1 for g in range(51) if split[g] == name) for name in ALL}
    assert sizes == {"train": 80, "val": 10, "test": 10}


def test_official_splits_stand() -> None:
    official = ["train", "val", "test", "train"]
    assert assign_splits(frame([1, 1, 1, 2], [0, 0, 0, 0], split=[*official]), [LABEL]).to_list() == official


def test_a_tenth_of_train_becomes_the_missing_validation() -> None:
    official: list[str | None] = ["train"] * 100 + ["test"] * 30
    items = frame([*range(100), *range(30)], [row % 2 for row in range(130)], split=official)
    split = assign_splits(items, [LABEL])
    assert Counter(split[:100]) == {"train": 90, "val": 10}
    assert set(split[100:]) == {"test"}  # the same images as in train: official, so they stay
    in_val = items[:100].filter(split[:100] == "val")["label"]
    assert Counter(in_val) == {0: 5, 1: 5}


@pytest.mark.parametrize(
    ("task", "columns", "expected"),
    [
        (Task("d", "distribution", ("x", "y"), ("x", "y")), {"x": [0.7, 0.2, None], "y": [0.3, 0.8, None]},
         [0, 1, -1]),
        # y is the rarer mark, so an item with both is of y
        (Task("m", "multi_label", ("x", "y"), ("x", "y")), {"x": [1, 1, 0, 1], "y": [0, 1, 0, 0]},
         [0, 1, -1, 0]),
        (Task("r", "regression", ("x",)), {"x": [0.5, 0.1, 0.9, 0.3, 0.7]}, [2, 0, 4, 1, 3]),
    ],
)  # fmt: skip
def test_strata_of_other_kinds(task: Task, columns: dict[str, list[float]], expected: list[int]) -> None:
    assert strata(pl.DataFrame(columns), [task]).tolist() == expected


def test_the_finest_classes_make_the_strata() -> None:
    coarse = Task("coarse", "single_label", ("coarse",), ("a", "b"))
    joint = Task("joint", "hierarchical", ("coarse", "label"), levels=(Level("coarse", ("a", "b")),))
    items = frame([1, 2, 3], [2, 0, 1]).with_columns(pl.Series("coarse", [0, 0, 1]))
    assert strata(items, [joint, coarse, LABEL]).tolist() == [2, 0, 1]


def test_one_hash_under_several_labels_on_several_images() -> None:
    rows = [
        # hash, image, label, placeholder
        ("gone", "1", 0, True),
        ("gone", "2", 3, True),
        ("gone", "3", None, True),
        ("twice", "4", 1, False),  # a plain duplicate
        ("twice", "5", 1, False),
        ("crowd", "6", 1, False),  # two persons of one image
        ("crowd", "6", 2, False),
        ("unsure", "7", 1, False),
        ("unsure", "8", None, False),
    ]
    hashes, images, labels, expected = zip(*rows, strict=True)
    items = pl.DataFrame({"pixel_hash": hashes, "image_name": images, "label": labels})
    assert placeholders(items, "label").to_list() == list(expected)


def test_the_label_compared_is_the_finest() -> None:
    two, eight = (Task(str(n), "single_label", (str(n),), tuple(map(str, range(n)))) for n in (2, 8))
    assert finest_labels([Task("r", "regression", ("r",)), two, eight]) is eight
    assert finest_labels([Task("r", "regression", ("r",))]) is None


def test_parts_of_a_record_and_what_they_give() -> None:
    tasks = {"c": {"kind": "caption", "column": "said"}}
    made = {"reader": "none", "source": "-", "licence": "-", "citation": "-", "tasks": tasks}
    assert record_ratio(DatasetRecord.model_validate(made)) == ALL
    untested = DatasetRecord.model_validate(made | {"splits": ["train", "val"]})
    assert record_ratio(untested) == {"train": 9, "val": 1}
    of_paintings = DatasetRecord.model_validate(made | {"ratio": {"test": 10, "train": 85, "val": 5}})
    assert list(record_ratio(of_paintings).items()) == [("train", 85), ("val", 5), ("test", 10)]
    # 200 paintings with three captions each, no two in different splits
    items = frame([number // 3 for number in range(600)], [0] * 600, files=[n // 3 for n in range(600)])
    items = items.with_columns(pl.lit("said").alias("c"))
    split = assign_splits(items, [Task("c", "caption", ("c",))], record_ratio(of_paintings))
    assert Counter(split) == {"train": 510, "val": 30, "test": 60}
    assert all(len(set(split[first : first + 3])) == 1 for first in range(0, 600, 3))
