"""Ratings and votes per image: IAPS, Emotion6, Abstract; and EmoSet's lists."""

import json
from pathlib import Path

import pytest

from pacl_core.datasets.readers import Item, abstract, emoset, emotion6_peng, iaps
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from tests.published_trees import (
    EIGHT,
    image,
    put,
    write_abstract,
    write_emoset,
    write_emotion6_peng,
    write_iaps,
)


def split(found: list[Item | Rejected]) -> tuple[dict[str, Item], list[tuple[str, str]]]:
    items = {one.item_id: one for one in found if isinstance(one, Item)}
    return items, [(one.source, one.reason) for one in found if isinstance(one, Rejected)]


def test_iaps(tmp_path: Path) -> None:
    items, rejected = split(list(iaps.read(write_iaps(tmp_path, count=8), iaps.Options())))
    assert list(items) == ["2054", "2055.1", "2056", "2057", "2058", "2059", "2060", "2061"]
    assert items["2055.1"].image == image(1) and items["2056"].image == image(2)  # 2056.JPG
    assert items["2055.1"].values == {"valence": 2.5, "arousal": 3.25, "dominance": 5.25}
    assert items["2058"].values == {"valence": 5.5, "arousal": 6.25, "dominance": None}
    assert rejected == [
        ("AllSubjects_1-20.txt:16", "repeated_rating"),
        ("AllSubjects_1-20.txt:17", "missing_image"),
    ]


def test_iaps_takes_the_mean_of_an_image_rated_twice(tmp_path: Path) -> None:
    items, _ = split(list(iaps.read(write_iaps(tmp_path, count=8), iaps.Options())))
    assert items["2054"].values == {"valence": 2.0, "arousal": 2.75, "dominance": 5.75}


def test_iaps_with_the_second_scale_of_dominance(tmp_path: Path) -> None:
    items, _ = split(list(iaps.read(write_iaps(tmp_path, count=8), iaps.Options(dominance="either"))))
    assert [items[name].values["dominance"] for name in ("2057", "2058")] == [5.25, 4.5]


def test_emotion6_has_distributions_not_keywords(tmp_path: Path) -> None:
    folder = write_emotion6_peng(tmp_path, per_keyword=2)
    items, rejected = split(list(emotion6_peng.read(folder, emotion6_peng.Options())))
    assert len(items) == 12 and rejected == []
    assert items["disgust/1.jpg"].values == {
        "valence": 3.0,
        "arousal": 3.8,
        "anger": 0.7,
        "disgust": 0.0,
        "fear": 0.0666667,
        "joy": 0.1,
        "sadness": 0.0,
        "surprise": 0.0,
        "neutral": 0.133333,
    }
    with (folder / "ground_truth.txt").open("a") as stream:
        stream.write("\njoy/9.jpg" + "\t1" * 9 + "\njoy/1.jpg\t2")
    _, rejected = split(list(emotion6_peng.read(folder, emotion6_peng.Options())))
    assert rejected == [("ground_truth.txt:14", "missing_image"), ("ground_truth.txt:15", "malformed_row")]


@pytest.mark.parametrize("first", ["", "'',", "file,"])
def test_abstract_counts_votes(tmp_path: Path, first: str) -> None:
    table = write_abstract(tmp_path, count=3) / "ABSTRACT_groundTruth.csv"
    ones = ",1" * 7
    extra = f"\n'abstract_0009.jpg',1{ones}\n'abstract_0000.jpg',1\n'abstract_0000.jpg',.{ones}"
    table.write_text(first + table.read_text() + extra)
    found = list(abstract.read(tmp_path, abstract.Options()))
    assert found[1] == Item(
        "abstract_0001.jpg", image(1), dict(zip(abstract.EMOTIONS, [1, 4, 0, 3, 6, 2, 5, 1], strict=True))
    )
    assert [one.reason for one in found[3:5] if isinstance(one, Rejected)] == [
        "missing_image",
        "malformed_row",
    ]
    assert isinstance(found[5], Item) and found[5].values["Amusement"] is None


def test_abstract_loses_no_row_to_a_quote(tmp_path: Path) -> None:
    table = write_abstract(tmp_path, count=6) / "ABSTRACT_groundTruth.csv"
    written = table.read_text().splitlines()
    written[2] = '"' + written[2]  # opened, never closed
    written[4] = written[4].replace("'", '"')
    table.write_text("\n".join(written))
    items, rejected = split(list(abstract.read(tmp_path, abstract.Options())))
    assert list(items) == [f"abstract_000{number}.jpg" for number in (0, 2, 3, 4, 5)]
    assert rejected == [("ABSTRACT_groundTruth.csv:3", "malformed_row")]


def test_emoset_with_its_own_splits(tmp_path: Path) -> None:
    folder = write_emoset(tmp_path, per_class=1)
    rows = [["fear", "image/none.jpg", ""], ["fear"], {"label": "fear"}, [1, 2, 3]]
    put(folder / "val.json", json.dumps(rows).encode())
    items, rejected = split(list(emoset.read(folder, emoset.Options())))
    assert [item.values["label"] for item in items.values() if item.split == "train"] == list(EIGHT)
    assert sum(item.split == "test" for item in items.values()) == 16
    assert rejected[0] == ("val.json:1", "missing_image")
    assert [reason for _, reason in rejected[1:]] == ["malformed_row"] * 3


@pytest.mark.parametrize(("label", "value"), [("NaN", None), ("null", None), ("1.0", 1), ("true", True)])
def test_emoset_labels_that_are_no_text(tmp_path: Path, label: str, value: object) -> None:
    put(tmp_path / "1.jpg", image(1))
    for split_name in ("train", "val", "test"):
        put(tmp_path / f"{split_name}.json", b"[]")
    put(tmp_path / "train.json", f'[[{label}, "1.jpg", ""], [["x"], "1.jpg", ""]]'.encode())
    item, rejected = emoset.read(tmp_path, emoset.Options())
    assert isinstance(item, Item) and item.values == {"label": value}
    assert isinstance(rejected, Rejected) and rejected.reason == "malformed_row"


def test_iaps_numbers_that_became_floats_or_are_absent(tmp_path: Path) -> None:
    put(tmp_path / "images" / "12.jpg", image(1))
    rows = ["desc\tIAPS\tvalmn\taromn\tdom1mn\tdom2mn"] + [
        f"x\t{name}\t1\t2\t3\tnan" for name in ("12.0", "nan")
    ]
    put(tmp_path / "AllSubjects_1-20.txt", "\n".join(rows).encode())
    items, rejected = split(list(iaps.read(tmp_path, iaps.Options())))
    assert list(items) == ["12"] and rejected == [("AllSubjects_1-20.txt:3", "malformed_row")]


@pytest.mark.parametrize(
    ("reader", "name", "content", "message"),
    [
        (iaps, "AllSubjects_1-20.txt", "preamble\nonly\n", "no line with the columns IAPS, valmn"),
        (emotion6_peng, "ground_truth.txt", "[image_filename]\t[valence]\n", r"no column \[arousal\]"),
        (abstract, "ABSTRACT_groundTruth.csv", "Amusement,Anger\n", "not the eight emotions"),
        (emoset, "train.json", "[", "not JSON"),
        (emoset, "train.json", "{}", "not an array"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, reader: object, name: str, content: str, message: str) -> None:
    with pytest.raises(UserError, match="no such file; expected"):
        list(reader.read(tmp_path, reader.Options()))  # type: ignore[attr-defined]
    for other in ("val.json", "test.json"):
        put(tmp_path / other, b"[]")
    put(tmp_path / name, content.encode())
    with pytest.raises(UserError, match=message):
        list(reader.read(tmp_path, reader.Options()))  # type: ignore[attr-defined]
