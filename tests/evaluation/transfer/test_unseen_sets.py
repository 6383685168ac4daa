"""Which items are tested, and how many of their images the heads were fitted on."""

from pathlib import Path
from typing import Literal

import pytest

from pacl_core.errors import UserError
from pacl_core.evaluation.transfer.unseen_sets import UnseenSet, read_stored, unseen_set
from tests.evaluation.transfer.stored_sets import POLARITY, write_set

OTHERS = [f"{row} of two" for row in range(8)]


def unseen(
    folder: Path,
    splits: str,
    images: list[str],
    exclude: Literal["none", "exact", "near"] = "none",
    *,
    distance: int = 0,
    leaked: tuple[str, ...] = (),
) -> UnseenSet:
    """Of two sets of 8 items, where `images` are those of the second."""
    columns = {"polarity": [0, 1] * 4}
    one = write_set(folder, "one", [POLARITY], columns, images=[f"{row} of one" for row in range(8)])
    two = write_set(folder, "two", [POLARITY], columns, splits=splits, images=images)
    (folder / "work").mkdir()
    return unseen_set(
        read_stored(one),
        read_stored(two),
        exclude,
        distance=distance,
        leaked=leaked,
        work=folder / "work",
    )


def test_the_test_split_where_it_is_official_else_every_item(tmp_path: Path) -> None:
    found = unseen(tmp_path / "official", "official", OTHERS)
    assert found.tested.tolist() == [False, False, False, True] * 2
    assert (found.leaks["test_items"], found.excluded) == (2, 0)
    found = unseen(tmp_path / "ours", "ours", OTHERS)
    assert found.tested.all() and found.leaks["test_items"] == 8
    assert (found.leaks["exact_items"], found.leaks["near_items"]) == (0, 0)


def test_images_that_heads_are_fitted_on_are_counted_and_left_out_on_demand(tmp_path: Path) -> None:
    """Of the first set, item 0 is in train, 2 in val, and 3 in test, which no head is fitted on."""
    images = ["0 of one", "2 of one", "3 of one", *OTHERS[3:]]
    found = unseen(tmp_path / "counted", "ours", images)
    assert found.leaks["exact_items"] == 2 and found.tested.all()
    found = unseen(tmp_path / "exact", "ours", images, "exact")
    assert found.tested.tolist() == [False, False, *[True] * 6]
    assert found.excluded == 2
    found = unseen(tmp_path / "leaked", "ours", images, leaked=("two005", "elsewhere"))
    assert found.excluded == 1 and not found.tested[5]


def test_near_duplicates_are_those_within_the_distance(tmp_path: Path) -> None:
    images = ["0 of one'", *OTHERS[1:]]
    assert unseen(tmp_path / "0", "ours", images).leaks["near_items"] == 0
    found = unseen(tmp_path / "1", "ours", images, "near", distance=1)
    assert (found.leaks["exact_items"], found.leaks["near_items"]) == (0, 1)
    assert found.tested.tolist() == [False, *[True] * 7]
    assert unseen(tmp_path / "exact", "ours", images, "exact", distance=1).tested.all()


def test_nothing_left_is_one_clear_line(tmp_path: Path) -> None:
    every = tuple(f"two{row:03}" for row in range(8))
    with pytest.raises(UserError, match=r"two\.parquet: no items to test heads of 'one' on \(8 leaked\)"):
        unseen(tmp_path, "ours", OTHERS, "exact", leaked=every)


def test_a_set_without_description_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.json: missing"):
        read_stored(tmp_path / "gone.parquet")
