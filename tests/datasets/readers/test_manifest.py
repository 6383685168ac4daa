"""Tables with a label, several labels, numbers or shares; OASIS among them."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pacl_core.datasets.items import Item
from pacl_core.datasets.readers import manifest
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from tests.published_trees import image, put, write_oasis


def read(path: Path, **options: object) -> list[Item | Rejected]:
    return list(manifest.read(path, manifest.Options.model_validate(options)))


def values(path: Path, **options: object) -> list[object]:
    return [one.values if isinstance(one, Item) else one.reason for one in read(path, **options)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in (1, 2, 3):
        put(tmp_path / f"{number}.jpg", image(number))
    return tmp_path


def table(folder: Path, name: str, *lines: str) -> Path:
    (folder / name).write_text("\n".join(lines))
    return folder / name


def test_a_label_column(folder: Path) -> None:
    path = table(folder, "m.csv", "image,emotion", "1.jpg, joy ", "2.jpg,")
    assert read(path, values=["emotion"]) == [
        Item("1", image(1), {"emotion": "joy"}),
        Item("2", image(2), {"emotion": None}),
    ]
    assert values(folder, file="m.csv", values=["emotion"]) == [{"emotion": "joy"}, {"emotion": None}]


def test_numbers_are_absent_or_passed_on_as_they_are(folder: Path) -> None:
    path = table(folder, "m.tsv", "image\tv\ta", "1.jpg\t4.5\t.", "2.jpg\tnan\tmany")
    assert values(path, values=["v", "a"]) == [{"v": "4.5", "a": None}, {"v": None, "a": "many"}]


def test_typed_forms_keep_their_types(folder: Path) -> None:
    columns = {"image": ["1.jpg"], "joy": [True], "votes": [3], "share": [float("nan")], "more": [[1]]}
    pq.write_table(pa.table(columns), folder / "m.parquet")
    path = folder / "m.parquet"
    assert values(path, values=["joy", "votes", "share"]) == [{"joy": 1.0, "votes": 3, "share": None}]
    assert values(path, values=["more"]) == ["malformed_row"]
    table(folder, "m.jsonl", json.dumps({"image": "1.jpg", "n": 10**400}))
    assert values(folder / "m.jsonl", values=["n"]) == [{"n": str(10**400)}]


def test_several_labels_in_one_column(folder: Path) -> None:
    path = table(folder, "m.csv", "image,emotions", "1.jpg,joy| fear", "2.jpg,rage", "3.jpg,")
    separated = {"column": "emotions", "separator": "|", "labels": ["joy", "fear", "awe"]}
    assert values(path, separated=separated) == [
        {"joy": "1", "fear": "1", "awe": "0"},
        "unknown_label",
        {"joy": None, "fear": None, "awe": None},
    ]
    lists = [{"image": "1.jpg", "emotions": ["awe"]}, {"image": "1.jpg", "emotions": [1]}]
    table(folder, "m.jsonl", *map(json.dumps, lists))
    assert values(folder / "m.jsonl", separated=separated) == [
        {"joy": "0", "fear": "0", "awe": "1"},
        "malformed_row",
    ]


@pytest.mark.parametrize(
    "text", ["['awe', 'joy']", "['awe' 'joy']", "[np.str_('awe'), np.str_('joy')]", "awe, joy"]
)
def test_several_labels_as_a_program_wrote_them(folder: Path, text: str) -> None:
    path = table(folder, "m.csv", "image,emotions", f'1.jpg,"{text}"', '2.jpg,"[]"', '3.jpg,"[1, 2]"')
    assert values(path, separated={"column": "emotions", "labels": ["joy", "fear", "awe"]}) == [
        {"joy": "1", "fear": "0", "awe": "1"},
        {"joy": None, "fear": None, "awe": None},
        "malformed_row",
    ]


def test_splits_from_a_column(folder: Path) -> None:
    path = table(folder, "m.csv", "image,set", "1.jpg,Training", "2.jpg,hidden", "3.jpg,Test")
    found = read(path, split="set", splits={"Training": "train", "Test": "test"})
    assert [one.split if isinstance(one, Item) else one.reason for one in found] == [
        "train",
        "unknown_split",
        "test",
    ]


def test_a_table_per_split(folder: Path) -> None:
    table(folder, "a.csv", "image", "1.jpg", "2.jpg")
    table(folder, "b.csv", "image", "3.jpg")
    items = read(folder, file={"train": "a.csv", "test": "b.csv"})
    found = [(one.item_id, one.split) for one in items if isinstance(one, Item)]
    assert found == [("train/1", "train"), ("train/2", "train"), ("test/1", "test")]


def test_quotes_around_names(folder: Path) -> None:
    path = table(folder, "m.csv", "image,label", "'1.jpg','joy'")
    assert read(path, values=["label"], strip="'", id="image") == [Item("1.jpg", image(1), {"label": "joy"})]


def test_oasis(tmp_path: Path) -> None:
    options = {"file": "OASIS.csv", "image": "images/{Theme}.jpg", "id": "", "values": ["Valence_mean"]}
    found = read(write_oasis(tmp_path, count=8), **options)
    assert [one.item_id for one in found if isinstance(one, Item)] == [f"I{n}" for n in range(1, 9)]
    assert isinstance(found[2], Item) and found[2].image == image(3)  # theme "Dog 3 ", file "Dog 3.jpg"
    assert isinstance(found[4], Item) and found[4].image.startswith(b"\x89PNG")
    assert found[0].values == {"Valence_mean": "2.68627451"}


def test_rows_that_cannot_be_used_are_rejected(folder: Path) -> None:
    path = table(folder, "m.csv", "image,id,label", "9.jpg,a,joy", "1.jpg,,joy", "1.jpg,b", ",c,joy")
    found = read(path, values=["label"], id="id")
    assert [one.reason for one in found if isinstance(one, Rejected)] == [
        "missing_image",
        "missing_id",
        "malformed_row",
        "missing_image",
    ]


def test_mistakes_are_named(folder: Path) -> None:
    path = table(folder, "m.csv", "image,label")
    for options, message in (
        ({"file": None}, "a folder; set options.file"),
        ({"file": "none.csv"}, "no such file; expected a table"),
        ({"file": "m.csv", "values": ["lable"]}, "unknown column 'lable'; did you mean 'label'"),
        ({"file": "m.csv", "image": "{image"}, "options.image: '{image' is no pattern"),
    ):
        with pytest.raises(UserError, match=message):
            read(folder, **options)
    assert read(path) == []
