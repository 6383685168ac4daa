"""VSO as published and as Feng et al. divided it: placeholders, photos with several pairs, tiny folders."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pacl_core.datasets.readers import Item, read_items, vso, with_classes
from pacl_core.datasets.record import load_record
from pacl_core.datasets.store import Storage, write_dataset
from pacl_core.errors import UserError
from pacl_core.files.tables import read_table
from pacl_core.media.rejects import Rejected
from tests.paths import ROOT
from tests.pretext_trees import PAIRS, flickr, write_vso, write_vso_divided
from tests.published_trees import image, put

RECORD = load_record(ROOT / "data/datasets/vso.yaml")


def stored(tmp_path: Path, path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    record = with_classes(RECORD, path)
    out = tmp_path / "pairs.parquet"
    told = write_dataset(
        record, read_items(record, path), out, storage=Storage(32), workers=1, scratch=tmp_path / "scratch"
    )
    return told, read_table(out).to_pylist()


def test_as_published(tmp_path: Path) -> None:
    told, rows = stored(tmp_path, write_vso(tmp_path / "published"))
    assert told["tasks"][0]["classes"] == (*PAIRS[:2], "lonely_tree", PAIRS[2])
    rejected = told["counts"]["rejected_by_reason"]
    # Flickr's picture for deleted ones; a web page and a picture cut short; readme.txt
    assert rejected == {"other_file": 1, "placeholder": 3, "truncated": 1, "web_page": 1}
    assert told["splits"] == "ours" and set(told["counts"]["items"]) == {"train", "val"}
    assert len(rows) == 30 + 2 + 1
    counts = told["counts"]["classes"]["anp"]
    assert counts["val"] == [1, 1, 0, 1]
    assert counts["train"][2] == 1  # the only picture of a pair is trained on


def test_a_photo_with_two_pairs_stays_in_both_and_in_one_split(tmp_path: Path) -> None:
    _, rows = stored(tmp_path, write_vso(tmp_path / "published"))
    shared = [row for row in rows if row["item_id"].endswith(flickr(30_000_000))]
    assert [row["anp"] for row in shared] == [0, 1]
    assert len({row["split"] for row in shared}) == 1


def test_names_that_are_no_photo_numbers_tell_nothing(tmp_path: Path) -> None:
    """1.jpg of two pairs are two photos: if their pixels are the same, they are placeholders."""
    for place, pair in enumerate(PAIRS[:2]):
        put(tmp_path / "published" / pair / "1.jpg", image(1))
        for number in range(10):
            put(tmp_path / "published" / pair / f"{number + 2}.jpg", image(10 + 100 * place + number))
    told, rows = stored(tmp_path, tmp_path / "published")
    assert told["counts"]["rejected_by_reason"] == {"placeholder": 2}
    assert len(rows) == 20


@pytest.mark.parametrize("inside", ["", "Images_with_CC", "Images_with_CC/bi_concepts1553"])
def test_from_any_of_its_folders(tmp_path: Path, inside: str) -> None:
    path = write_vso(tmp_path)
    items = [one for one in vso.read(path / inside, vso.Options()) if isinstance(one, Item)]
    assert Counter(one.values["label"] for one in items)["happy_dog"] == 13


def test_the_authors_division(tmp_path: Path) -> None:
    told, _ = stored(tmp_path, write_vso_divided(tmp_path / "published"))
    assert told["splits"] == "official" and told["counts"]["items"] == {"train": 6, "val": 6}
    # a pair found only among the test pictures has its index, and nothing to train on
    assert told["counts"]["classes"]["anp"] == {"train": [3, 3, 0], "val": [1, 1, 4]}


def test_tiny_folders_are_no_classes_where_the_record_says_so(tmp_path: Path) -> None:
    path = write_vso(tmp_path)
    (path / "Images_with_CC/bi_concepts1553/empty_room").mkdir()
    found = list(vso.read(path, vso.Options(min_images=2)))
    tiny = [one for one in found if isinstance(one, Rejected) and one.reason == "tiny_folder"]
    assert [one.source for one in tiny] == [f"lonely_tree/{flickr(50_000_000)}"]
    assert vso.classes(path, vso.Options(min_images=2)) == PAIRS
    assert "empty_room" not in vso.classes(path, vso.Options())


def test_a_picture_next_to_the_folders_has_no_class(tmp_path: Path) -> None:
    put(write_vso_divided(tmp_path) / "train" / "1.jpg", image(1))
    found = [one for one in vso.read(tmp_path, vso.Options()) if isinstance(one, Rejected)]
    assert [(one.source, one.reason) for one in found] == [("train/1.jpg", "no_class")]


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder; expected VSO's"):
        vso.classes(tmp_path / "none", vso.Options())
    (tmp_path / "bi_concepts1553").mkdir()
    with pytest.raises(UserError, match="no folder with pictures of an adjective-noun pair"):
        list(vso.read(tmp_path, vso.Options()))
