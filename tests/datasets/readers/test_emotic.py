"""EMOTIC's persons, from MATLAB structs and from CSV."""

from pathlib import Path

import pytest

from pacl_core.datasets.emotic_annotations import RATINGS
from pacl_core.datasets.readers import Item, emotic
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from tests.published_trees import emotic_persons, image, put, write_emotic, write_emotic_csv

CSV = {split: f"{split}.csv" for split in ("train", "val", "test")}
HEADER = "Folder,Filename,Image Size,BBox,Categorical_Labels,Continuous_Labels,Gender,Age"


def read(path: Path, **options: object) -> list[Item | Rejected]:
    return list(emotic.read(path, emotic.Options.model_validate(options)))


def marked(item: Item | Rejected) -> set[str]:
    assert isinstance(item, Item)
    return {name for name in emotic.CATEGORIES if item.values[name] == "1"}


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    published = read(write_emotic(tmp_path / "mat"))
    held = read(write_emotic_csv(tmp_path / "csv"), annotations=CSV)
    assert published == held
    assert len(published) == len(emotic_persons())


def test_an_item_per_person(tmp_path: Path) -> None:
    found = read(write_emotic(tmp_path))
    for item, person in zip(found, emotic_persons(), strict=True):
        assert isinstance(item, Item)
        assert item.image_name == f"{person['folder']}/{person['filename']}"
        assert (item.split, item.image) == (person["split"], image(person["number"]))
        expected = {"Disquietment" if name == "Disquitement" else name for name in person["categories"]}
        assert marked(item) == expected
        assert item.box is None
    assert [item.item_id for item in found[1:3] if isinstance(item, Item)] == [
        "emodb_small/images/train_1.jpg#1",
        "emodb_small/images/train_1.jpg#2",
    ]


def test_ratings_and_where_they_are_missing(tmp_path: Path) -> None:
    ratings = [
        tuple(item.values[name] for name in RATINGS)
        for item in read(write_emotic(tmp_path))
        if isinstance(item, Item)
    ]
    assert ratings[:3] == [(1.0, 5.5, 10.0), (None, None, None), (2.0, 5.5, 9.0)]


def test_boxes_of_persons(tmp_path: Path) -> None:
    found = read(write_emotic(tmp_path), crop="person")
    assert [item.box for item in found[1:3] if isinstance(item, Item)] == [(4, 5, 20, 30), (-2, 3, 36, 30)]


def test_rows_that_cannot_be_used(tmp_path: Path) -> None:
    put(tmp_path / "emotic" / "a" / "1.jpg", image(1))
    good = '"[0, 0, 9, 9]","[\'Peace\']","[1, NaN, 3]",Male,Adult'
    lines = [
        HEADER,
        f'a,1.jpg,"[32, 32]",{good}',
        f'a,2.jpg,"[32, 32]",{good}',
        f"a,1.jpg,,{good.replace('Peace', 'Joy')}",
        f"a,1.jpg,,{good.replace('[0, 0, 9, 9]', '[9, 9, 9, 12]')}",
        f"a,1.jpg,,{good.replace('[0, 0, 9, 9]', '[0, 0, nan, 12]')}",
        f"a,1.jpg,,{good.replace('[1, NaN, 3]', '[1, 3]')}",
        f"a,1.jpg,,{good.replace('[1, NaN, 3]', 'open(1)')}",
        f",1.jpg,,{good}",
    ]
    put(tmp_path / "train.csv", "\n".join(lines).encode())
    found = read(tmp_path, annotations={"train": "train.csv"}, crop="person")
    assert isinstance(found[0], Item) and marked(found[0]) == {"Peace"}
    assert [found[0].values[name] for name in RATINGS] == [1.0, None, 3.0]
    assert [one.reason for one in found[1:] if isinstance(one, Rejected)] == [
        "missing_image",
        "unknown_label",
        "empty_box",
        "empty_box",
        "malformed_row",
        "malformed_row",
        "malformed_row",
    ]


@pytest.mark.parametrize(
    ("box", "categories", "ratings"),
    [
        ("[0, 1, 8, 9]", "['Peace', 'Doubt/Confusion']", "[5.0, nan, 7.0]"),
        ("[np.int64(0), np.int64(1), np.int64(8), np.int64(9)]",
         "[np.str_('Peace'), np.str_('Doubt/Confusion')]",
         "[np.float64(5.0), np.float64(nan), np.float64(7.0)]"),
        ("[0 1 8 9]", "['Peace' 'Doubt/Confusion']", "[ 5. nan  7.]"),
        ("array([0, 1, 8, 9])", "array(['Peace', 'Doubt/Confusion'], dtype=object)", "array([5., nan, 7.])"),
    ],
)  # fmt: skip
def test_lists_as_every_program_writes_them(tmp_path: Path, box: str, categories: str, ratings: str) -> None:
    put(tmp_path / "emotic" / "a" / "1.jpg", image(1))
    put(tmp_path / "train.csv", f'{HEADER}\na,1.jpg,,"{box}","{categories}","{ratings}",,'.encode())
    (item,) = read(tmp_path, annotations={"train": "train.csv"}, crop="person")
    assert isinstance(item, Item) and marked(item) == {"Peace", "Doubt/Confusion"}
    assert item.box == (0, 1, 8, 9)
    assert [item.values[name] for name in RATINGS] == [5.0, None, 7.0]


@pytest.mark.parametrize("absent", ["", "nan", "[]", "[nan, nan, nan]"])
def test_cells_of_nothing_are_absent(tmp_path: Path, absent: str) -> None:
    put(tmp_path / "emotic" / "a" / "1.jpg", image(1))
    names = absent.replace("[nan, nan, nan]", "[]")
    put(tmp_path / "train.csv", f'{HEADER}\na,1.jpg,,"{absent}","{names}","{absent}",,'.encode())
    (item,) = read(tmp_path, annotations={"train": "train.csv"})
    assert isinstance(item, Item) and set(item.values.values()) == {None}


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="emotic: no such folder; expected the folders ade20k"):
        read(tmp_path)
    (tmp_path / "emotic").mkdir()
    with pytest.raises(UserError, match=r"Annotations\.mat: no such file"):
        read(tmp_path)
    put(tmp_path / "Annotations" / "Annotations.mat", b"MATLAB 5.0 MAT-file, cut short")
    with pytest.raises(UserError, match="not a MATLAB file"):
        read(tmp_path)
    put(tmp_path / "train.csv", HEADER.replace("BBox", "bbox").encode())
    with pytest.raises(UserError, match="unknown column 'BBox'"):
        read(tmp_path, annotations={"train": "train.csv"})
