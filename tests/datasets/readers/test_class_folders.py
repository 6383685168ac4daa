"""A folder per class, as FI, Emotion-6 and UnbiasedEmo publish theirs."""

from collections import Counter
from pathlib import Path

import pytest

from pacl_core.datasets.readers import Item, class_folders, filename_prefix
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from tests.published_trees import (
    EIGHT,
    SIX,
    image,
    put,
    write_artphoto,
    write_emotion6_panda,
    write_fi,
    write_unbiasedemo,
)


def read(path: Path, **options: object) -> tuple[list[Item], list[Rejected]]:
    found = list(class_folders.read(path, class_folders.Options.model_validate(options)))
    return [one for one in found if isinstance(one, Item)], [
        one for one in found if isinstance(one, Rejected)
    ]


def labels(items: list[Item]) -> Counter[object]:
    return Counter(item.values["label"] for item in items)


def test_fi_by_its_folders(tmp_path: Path) -> None:
    items, rejected = read(write_fi(tmp_path, per_class=3, placeholders=2), classes=EIGHT)
    assert labels(items) == dict.fromkeys(EIGHT, 5)
    assert items[0] == Item("amusement/amusement_0000.jpg", image(0), {"label": "amusement"})
    assert [(one.source, one.reason) for one in rejected] == [
        ("readme.txt", "other_file"),
        ("fear/Thumbs.db", "other_file"),
    ]


def test_placeholders_are_passed_on_for_the_store_to_tell(tmp_path: Path) -> None:
    items, _ = read(write_fi(tmp_path, per_class=1, placeholders=1))
    copies = [item for item in items if item.image == image(10**6)]
    assert labels(copies) == dict.fromkeys(EIGHT, 1)


def test_disgust_that_lies_in_anger_is_not_anger(tmp_path: Path) -> None:
    folder = write_emotion6_panda(tmp_path, per_class=2)
    items, _ = read(folder, root="images", classes=SIX, misplaced={"anger/digust": "disgust"})
    assert labels(items) == {**dict.fromkeys(SIX, 2), "disgust": 2}
    assert {item.item_id for item in items if item.values["label"] == "disgust"} == {
        "anger/digust/images/0.jpg",
        "anger/digust/images/1.jpg",
    }


def test_without_misplaced_it_would_be(tmp_path: Path) -> None:
    items, _ = read(write_emotion6_panda(tmp_path, per_class=2), root="images", classes=SIX)
    assert labels(items)["anger"] == 4


def test_a_misspelt_folder_beside_the_classes(tmp_path: Path) -> None:
    put(tmp_path / "joy" / "1.jpg", image(1))
    put(tmp_path / "digust" / "1.jpg", image(2))
    items, rejected = read(tmp_path, classes=["joy", "disgust"], misplaced={"digust": "disgust"})
    assert labels(items) == {"joy": 1, "disgust": 1} and rejected == []


def test_one_name_in_several_object_folders(tmp_path: Path) -> None:
    items, _ = read(write_unbiasedemo(tmp_path, per_class=4), root="images", classes=SIX)
    assert labels(items) == dict.fromkeys(SIX, 4)
    assert len({item.item_id for item in items}) == 24


def test_names_of_classes_without_regard_to_case(tmp_path: Path) -> None:
    put(tmp_path / "Joy" / "1.JPG", image(1))
    assert labels(read(tmp_path, classes=["joy"])[0]) == {"joy": 1}
    assert labels(read(tmp_path)[0]) == {"Joy": 1}


def test_what_is_no_class_is_rejected(tmp_path: Path) -> None:
    put(tmp_path / "joy" / "1.jpg", image(1))
    put(tmp_path / "scripts" / "logo.png", image(2))
    put(tmp_path / "0.jpg", image(3))
    (tmp_path / "joy" / "up").symlink_to(tmp_path)
    (tmp_path / "joy" / "gone.jpg").symlink_to(tmp_path / "nothing")
    items, rejected = read(tmp_path, classes=["joy"])
    assert [item.item_id for item in items] == ["joy/1.jpg"]
    assert [(one.source, one.reason) for one in rejected] == [
        ("0.jpg", "no_class"),
        ("joy/gone.jpg", "missing_image"),
        ("joy/up", "linked_folder"),
        ("scripts", "other_folder"),
    ]


def test_folders_of_splits_above_the_classes(tmp_path: Path) -> None:
    for number, folder in enumerate(("Training", "Validation", "Test")):
        put(tmp_path / folder / "joy" / "1.jpg", image(number))
    splits = {"Training": "train", "Validation": "val", "Test": "test"}
    items, rejected = read(tmp_path, splits=splits)
    assert [(item.item_id, item.split) for item in items] == [
        (f"{folder}/joy/1.jpg", split) for folder, split in splits.items()
    ]
    assert rejected == []


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder; expected a folder per class"):
        read(tmp_path / "none")
    put(tmp_path / "Train" / "joy" / "1.jpg", image(1))
    with pytest.raises(UserError, match=r"no folder of a class in it.*\(joy, fear\)"):
        read(tmp_path, classes=["joy", "fear"])
    with pytest.raises(UserError, match=r"test: no such folder; expected the folder of a split"):
        read(tmp_path, splits={"Train": "train", "test": "test"})


def test_artphoto_by_the_start_of_the_name(tmp_path: Path) -> None:
    write_artphoto(tmp_path, per_class=2)
    put(tmp_path / "nothing.jpg", image(1))
    put(tmp_path / "_0.jpg", image(2))
    found = list(filename_prefix.read(tmp_path, filename_prefix.Options()))
    items = [one for one in found if isinstance(one, Item)]
    assert labels(items)["content"] == labels(items)["sad"] == 2 and len(items) == 16
    assert [(one.source, one.reason) for one in found if isinstance(one, Rejected)] == [
        ("_0.jpg", "no_label"),
        ("nothing.jpg", "no_label"),
    ]
    with pytest.raises(UserError, match="expected images named <label>_<number>"):
        list(filename_prefix.read(tmp_path / "none", filename_prefix.Options()))
