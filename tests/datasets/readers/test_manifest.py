"""Tables with a label, several labels, numbers or shares; OASIS among them."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pacl_core.datasets.readers import Item, manifest
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


def test_a_group_keeps_rows_together_and_an_absent_one_leaves_them_alone(folder: Path) -> None:
    path = table(folder, "m.csv", "image,by", "1.jpg, '7'", "2.jpg,7.0", "3.jpg,", "3.jpg,nan", "1.jpg,Ann")
    found = [one.image_name for one in read(path, group="by", strip="'") if isinstance(one, Item)]
    assert found == ["by: 7", "by: 7", None, None, "by: Ann"]
    assert [one.image_name for one in read(path) if isinstance(one, Item)] == [None] * 5
    with pytest.raises(UserError, match="photographer"):
        read(path, group="photographer")


def test_a_table_per_split(folder: Path) -> None:
    table(folder, "a.csv", "image", "1.jpg", "2.jpg")
    table(folder, "b.csv", "image", "3.jpg")
    items = read(folder, file={"train": "a.csv", "test": "b.csv"})
    found = [(one.item_id, one.split) for one in items if isinstance(one, Item)]
    assert found == [("train/1", "train"), ("train/2", "train"), ("test/1", "test")]


def write_parquet(folder: Path, **columns: list[object]) -> Path:
    pq.write_table(pa.table(columns), folder / "m.parquet")
    return folder / "m.parquet"


def test_numbers_of_a_column_with_an_absent_one(folder: Path) -> None:
    """pandas makes floats of whole numbers where one is absent, and writes 1.0 into a CSV."""
    expected = [Item("1", image(1), {"k": 0}), Item("2", image(2), {"k": 1}), "missing_id"]
    path = write_parquet(folder, number=[1.0, 2.0, float("nan")], k=[0.0, 1.0, 1.0])
    options = {"image": "{number}.jpg", "id": "number", "values": ["k"]}

    def outcomes(table: Path) -> list[object]:
        return [one.reason if isinstance(one, Rejected) else one for one in read(table, **options)]

    assert outcomes(path)[:2] == expected[:2]
    assert outcomes(path)[2] in ("missing_id", "missing_image")
    lines = [json.dumps({"number": float(n), "k": n - 1.0}) for n in (1, 2)]
    assert outcomes(table(folder, "m.jsonl", *lines)) == expected[:2]
    written = read(table(folder, "m.csv", "number,k", "1.0,0", "2.0,1"), image="{number}.jpg", values=["k"])
    assert [one.image for one in written if isinstance(one, Item)] == [image(1), image(2)]


def test_a_file_as_written_comes_before_a_number(folder: Path) -> None:
    put(folder / "1.0.jpg", image(9))
    (item,) = read(table(folder, "m.csv", "number", "1.0"), image="{number}.jpg")
    assert isinstance(item, Item) and item.image == image(9)


@pytest.mark.parametrize("absent", [None, float("nan")])
def test_an_absent_id_is_not_called_nan(folder: Path, absent: object) -> None:
    lines = [json.dumps({"image": f"{n}.jpg", "id": name}) for n, name in ((1, "a"), (2, absent))]
    found = read(table(folder, "m.jsonl", *lines), id="id")
    assert isinstance(found[0], Item) and isinstance(found[1], Rejected) and found[1].reason == "missing_id"


@pytest.mark.parametrize("absent", ["NaN", "null", '"nan"', '""'])
def test_absent_labels_of_json(folder: Path, absent: str) -> None:
    lines = ['{"image": "1.jpg", "mood": "calm"}', f'{{"image": "2.jpg", "mood": {absent}}}']
    assert values(table(folder, "m.jsonl", *lines), values=["mood"]) == [{"mood": "calm"}, {"mood": None}]


def test_booleans_are_passed_on(folder: Path) -> None:
    path = write_parquet(folder, image=["1.jpg", "2.jpg"], happy=[True, None])
    assert values(path, values=["happy"]) == [{"happy": True}, {"happy": None}]
    (first, _) = read(path, values=["happy"])
    assert isinstance(first, Item) and first.values["happy"] is True


@pytest.mark.parametrize(
    ("parts", "splits"),
    [
        ([1.0, 0.0, float("nan")], {"1": "train", "0": "test"}),
        ([True, False, None], {"True": "train", "False": "test"}),
        ([True, False, None], {"1": "train", "0": "test"}),
        (["train", "test", None], {}),
    ],
)
def test_splits_as_numbers_and_truths(folder: Path, parts: list[object], splits: dict[str, str]) -> None:
    path = write_parquet(folder, image=["1.jpg", "2.jpg", "3.jpg"], part=parts)
    found = read(path, split="part", splits=splits)
    assert [one.reason if isinstance(one, Rejected) else one.split for one in found] == [
        "train",
        "test",
        "unknown_split",
    ]


def test_several_labels_with_absent_and_decomposed_ones(folder: Path) -> None:
    path = write_parquet(folder, image=["1.jpg", "2.jpg"], tags=[["fierte\u0301", None], None])
    assert values(path, separated={"column": "tags", "labels": ["fiert\u00e9", "joie"]}) == [
        {"fiert\u00e9": "1", "joie": "0"},
        {"fiert\u00e9": None, "joie": None},
    ]
    path = write_parquet(folder, image=["1.jpg", "2.jpg"], tags=[2.0, float("nan")])
    assert values(path, separated={"column": "tags", "labels": ["1", "2"]}) == [
        {"1": "0", "2": "1"},
        {"1": None, "2": None},
    ]


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
        ({"file": "m.csv", "image": "{image"}, "options.image: '{image' is not a pattern"),
    ):
        with pytest.raises(UserError, match=message):
            read(folder, **options)
    assert read(path) == []


def test_a_first_line_without_a_key_does_not_stop_the_stage(folder: Path) -> None:
    lines = [{"image": "1.jpg"}, {"image": "2.jpg", "mood": "calm"}]
    path = table(folder, "m.jsonl", *map(json.dumps, lines))
    assert values(path, values=["mood"]) == ["malformed_row", {"mood": "calm"}]
