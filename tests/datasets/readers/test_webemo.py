"""WebEmo's lists of addresses."""

from pathlib import Path

import pytest

from pacl_core.datasets.readers import Item, webemo
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from tests.published_trees import WEBEMO, image, put, write_webemo


def read(path: Path, **options: str) -> list[Item | Rejected]:
    return list(webemo.read(path, webemo.Options.model_validate(options)))


def test_labels_in_the_published_spelling_and_splits(tmp_path: Path) -> None:
    found = read(write_webemo(tmp_path, train=25, test=2))
    items = [one for one in found if isinstance(one, Item)]
    assert [item.values["label"] for item in items[:25]] == [row.split("/")[0] for row in WEBEMO.split()]
    assert items[11].values == {"label": "irritabilty", "emotion": "anger", "polarity": "-"}
    assert [item.split for item in items] == ["train"] * 25 + ["test"] * 2
    assert items[25] == Item("test/1", image(25), items[0].values, "test")


def test_lines_that_cannot_be_used(tmp_path: Path) -> None:
    found = read(write_webemo(tmp_path, train=1, test=1))
    assert [(one.source, one.reason) for one in found if isinstance(one, Rejected)] == [
        (f"{name}:{line}", reason)
        for name in ("train25.txt", "test25.txt")
        for line, reason in ((2, "missing_image"), (3, "unknown_label"), (4, "malformed_row"))
    ]


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("images/{name}", "images/x.1.jpg"),
        ("{host}/{path}", "h.com/a/x.1.jpg"),
        ("{stem}.png", "x.1.png"),
        ("{split}/{index}.jpg", "train/1.jpg"),
    ],
)
def test_images_by_a_pattern(tmp_path: Path, pattern: str, name: str) -> None:
    put(tmp_path / "category.txt", b"('affection', 'love', '+'),\n\n('rage', 'anger', '-')")
    put(tmp_path / "train25.txt", b"http://h.com/a/x.1.jpg?w=1\t1\n")
    put(tmp_path / "test25.txt", b"http://h.com/../../x.jpg 0\nhttp://[h/x.jpg 0\n")
    put(tmp_path / name, image(3))
    found = read(tmp_path, image=pattern)
    assert isinstance(found[0], Item) and found[0].values["label"] == "rage" and found[0].image == image(3)
    assert [one.reason for one in found[1:] if isinstance(one, Rejected)] == ["malformed_row"] * 2


def lists(folder: Path, train: list[str], test: list[str]) -> Path:
    put(folder / "category.txt", b"('affection', 'love', '+')\n('rage', 'anger', '-')\n")
    for name, addresses in (("train25.txt", train), ("test25.txt", test)):
        put(folder / name, "\n".join(f"{address} 1" for address in addresses).encode())
    return folder


def outcomes(folder: Path, **options: str) -> list[str]:
    return [one.reason if isinstance(one, Rejected) else one.item_id for one in read(folder, **options)]


def test_a_file_that_several_addresses_mean_is_nobodys(tmp_path: Path) -> None:
    put(tmp_path / "images" / "1.jpg", image(1))
    put(tmp_path / "images" / "2.jpg", image(2))
    train = ["http://a.com/1.jpg", "http://a.com/2.jpg", "http://b.com/1.jpg", "http://a.com/2.jpg#top"]
    lists(tmp_path, train, ["http://a.com/x/1.jpg", "http://a.com/2.jpg"])
    assert outcomes(tmp_path) == [
        "ambiguous_image",
        "train/2",
        "ambiguous_image",
        "train/4",
        "ambiguous_image",
        "test/2",
    ]
    (rejected, *_) = read(tmp_path)
    assert isinstance(rejected, Rejected) and rejected.source == "train25.txt:1"
    assert "several addresses mean the file" in rejected.detail and rejected.detail.endswith("1.jpg")


def test_only_the_query_tells_two_addresses_apart(tmp_path: Path) -> None:
    put(tmp_path / "images" / "image.php", image(1))
    lists(tmp_path, ["http://a.com/image.php?id=1", "http://a.com/image.php?id=2"], [])
    assert outcomes(tmp_path) == ["ambiguous_image"] * 2


def test_a_pattern_that_tells_addresses_apart(tmp_path: Path) -> None:
    for host in "ab":
        put(tmp_path / f"{host}.com" / "1.jpg", image(ord(host)))
    lists(tmp_path, ["http://a.com/1.jpg"], ["http://b.com/1.jpg"])
    found = read(tmp_path, image="{host}/{name}")
    assert [one.image for one in found if isinstance(one, Item)] == [image(ord("a")), image(ord("b"))]


def test_names_that_differ_in_the_case_of_their_suffix(tmp_path: Path) -> None:
    """Two files are told apart; one file of either name might be either address' image."""
    lists(tmp_path, ["http://a.com/1.jpg", "http://b.com/1.JPG"], [])
    put(tmp_path / "images" / "1.Jpg", image(1))
    assert outcomes(tmp_path) == ["ambiguous_image"] * 2
    put(tmp_path / "images" / "1.jpg", image(2))
    put(tmp_path / "images" / "1.JPG", image(3))
    assert outcomes(tmp_path) == ["train/1", "train/2"]


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"category\.txt: no such file; expected WebEmo's"):
        read(tmp_path)
    write_webemo(tmp_path, train=1, test=1)
    with pytest.raises(UserError, match="unknown part of an address 'nam'; did you mean 'name'"):
        read(tmp_path, image="{nam}")
    for line in ("__import__('os')", "('a', 'b')", "('a', 'b', '*')", "(" * 300, "('a', 1, '+')"):
        put(tmp_path / "category.txt", f"('affection', 'love', '+')\n{line}\n".encode())
        with pytest.raises(UserError, match=r"category\.txt:2: not \('<class>'"):
            read(tmp_path)
