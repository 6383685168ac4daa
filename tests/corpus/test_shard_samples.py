"""Members of a shard that belong together: an image never gets the text of another file."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.corpus.readers import Post, read_posts
from pacl_core.params.pairs import PairsParams
from tests.corpus.tars import member, shard

MAC = b"\0\5\x16\7\0\2\0\0Mac OS X        " + b"\0" * 80


def outcomes(path: Path) -> list[tuple[str, ...]]:
    """(sample_id, image, text) of posts, (source, reason) of rejections."""
    return [
        (one.sample_id, one.image.decode(), one.text) if isinstance(one, Post) else (one.source, one.reason)
        for one in read_posts(PairsParams(reader="webdataset", path=str(path)))
    ]


def of(folder: Path, *names: str) -> list[tuple[str, ...]]:
    """Of a shard `s` whose members hold their own names."""
    about = {name: json.dumps({"caption": name}).encode() for name in names if name.lower().endswith(".json")}
    return outcomes(shard(folder / "s.tar", *(member(one, about.get(one, one.encode())) for one in names)))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("pic 3.5 mm.jpg", "pic 3.5 mm.txt", "pic 3.7 mm.jpg", "pic 3.7 mm.txt"),
         [("s/pic 3.5 mm", "pic 3.5 mm.jpg", "pic 3.5 mm.txt"),
          ("s/pic 3.7 mm", "pic 3.7 mm.jpg", "pic 3.7 mm.txt")]),
        (("pic 3.5 mm.jpg", "pic 3.7 mm.txt"),
         [("s/pic 3.5 mm", "missing_text"), ("s/pic 3.7 mm", "missing_image")]),
        (("a.final.jpg", "a.draft.txt"), [("s/a.final", "missing_text"), ("s/a.draft", "missing_image")]),
        (("a.draft.jpg", "a.final.jpg", "a.final.txt"),
         [("s/a.draft", "missing_text"), ("s/a.final", "a.final.jpg", "a.final.txt")]),
        (("v1.2.JPG", "v1.2.TXT"), [("s/v1.2", "v1.2.JPG", "v1.2.TXT")]),
        # files of one key, as WebDataset has them
        (("a.input.jpg", "a.txt"), [("s/a", "a.input.jpg", "a.txt")]),
        (("a.jpg", "a.caption.txt"), [("s/a", "a.jpg", "a.caption.txt")]),
        (("a.jpg", "a.seg.png", "a.txt"), [("s/a", "a.jpg", "a.txt"), ("s/a.seg.png", "second_picture")]),
        (("a.input.jpg", "a.target.jpg", "a.json"),
         [("s/a", "a.input.jpg", "a.json"), ("s/a.target.jpg", "second_picture")]),
        # two texts of one key
        (("a.en.txt", "a.fr.txt", "a.jpg"), [("s/a", "a.jpg", "a.en.txt"), ("s/a.fr", "second_text")]),
        (("a.jpg", "a.txt", "a.alt.txt"), [("s/a", "a.jpg", "a.txt"), ("s/a.alt", "second_text")]),
        (("a.jpg", "a.txt", "a.TXT"), [("s/a.TXT", "second_text"), ("s/a", "a.jpg", "a.txt")]),
        (("a.jpg", "a.txt", "a.json", "a.JSON"), [("s/a.JSON", "other_member"), ("s/a", "a.jpg", "a.txt")]),
    ],
)  # fmt: skip
def test_an_image_goes_with_its_own_text(
    tmp_path: Path, names: tuple[str, ...], expected: list[tuple[str, ...]]
) -> None:
    assert of(tmp_path, *names) == expected


def test_hidden_members_are_skipped(tmp_path: Path) -> None:
    members = []
    for name in ("0.jpg", "0.txt", "1.jpg", "1.txt"):
        members += [member(f"./._{name}", MAC), member(f"./{name}", name.encode())]
    members += [member("__MACOSX/._0.jpg", MAC), member(".DS_Store", b""), member("a/.b/0.jpg", b"")]
    assert outcomes(shard(tmp_path / "s.tar", *members)) == [
        ("s/0", "0.jpg", "0.txt"),
        ("s/1", "1.jpg", "1.txt"),
    ]


def test_of_a_key_that_all_of_a_shard_shares_a_few_samples_are_held(tmp_path: Path) -> None:
    names = [f"v1.{number}.{suffix}" for number in range(100) for suffix in ("jpg", "txt")]
    assert of(tmp_path, *names, "v1.x.jpg") == [
        *((f"s/v1.{number}", f"v1.{number}.jpg", f"v1.{number}.txt") for number in range(100)),
        ("s/v1.x", "missing_text"),
    ]


def test_captions_that_are_lists(tmp_path: Path) -> None:
    two = ["a dog", "on grass"]
    members = (
        member("a.jpg", b"a"),
        member("a.json", json.dumps({"caption": two}).encode()),
        member("b.jpg", b"b"),
        member("b.txt", str(two).encode()),
        member("b.json", json.dumps({"caption": two, "key": "b"}).encode()),
        member("c.jpg", b"c"),
        member("c.json", b'{"caption": NaN, "score": NaN}'),
        member("d.jpg", b"d"),
        member("d.json", b'{"caption": {"en": "x"}}'),
    )
    assert outcomes(shard(tmp_path / "s.tar", *members)) == [
        ("s/a", "a", "a dog"),
        ("s/b", "b", "a dog"),
        ("s/c", "c", ""),
        ("s/d", "malformed_row"),
    ]
    posts = read_posts(PairsParams(reader="webdataset", path=str(tmp_path)))
    extras = [one.extras for one in posts if isinstance(one, Post)]
    assert extras == [{"captions": json.dumps(two)}, {"captions": json.dumps(two)}, {}]


def img2dataset(path: Path, run: str) -> None:
    members = []
    for number in range(3):
        key = f"{number:09}"
        about = {"key": key, "caption": run, "status": "success"}
        members += [member(f"{key}.jpg", run.encode()), member(f"{key}.json", json.dumps(about).encode())]
    path.parent.mkdir(parents=True, exist_ok=True)
    shard(path, *members)


def test_two_runs_with_the_same_keys_are_told_apart(tmp_path: Path) -> None:
    for run in ("cc/1", "laion/1"):
        img2dataset(tmp_path / run / "00000.tar", run)
    (tmp_path / "one.txt").write_text("cc/1/00000.tar\n")
    assert [row[0] for row in outcomes(tmp_path / "one.txt")] == [f"{number:09}" for number in range(3)]
    (tmp_path / "two.txt").write_text("cc\\1\\00000.tar\nlaion/1/00000.TAR\nlaion/1/00000.tar\n")
    found = outcomes(tmp_path / "two.txt")
    assert [row[:2] for row in found if len(row) == 3] == [
        *((f"cc/1/00000/{number:09}", "cc/1") for number in range(3)),
        *((f"laion/1/00000/{number:09}", "laion/1") for number in range(3)),
        *((f"laion/1/00000/{number:09}", "laion/1") for number in range(3)),
    ]


def test_shards_that_were_renamed_keep_their_keys_apart(tmp_path: Path) -> None:
    for run in ("cc", "laion"):
        img2dataset(tmp_path / f"{run}-00000.tar", run)
    assert len({row[0] for row in outcomes(tmp_path)}) == 6


NAMES = st.lists(
    st.tuples(
        st.sampled_from(["a", "a.b", "a.5 c", "a.final", "a.b.c", "d", "x/a", "x.y/a.b"]),
        st.sampled_from([".jpg", ".PNG", ".txt", ".json"]),
    ).map("".join),
    unique=True,
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(NAMES)
def test_every_member_is_used_or_listed(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    found = of(tmp_path_factory.mktemp("s"), *names)
    for row in found:
        if len(row) == 3:  # of one name, or one of them is the key's own
            image, text = (name.rpartition(".")[0] for name in row[1:])
            key = "/".join([*image.split("/")[:-1], image.rpartition("/")[2].partition(".")[0]])
            assert image == text or key in (image, text)
    listed = " ".join(row[0] for row in found if len(row) == 2)
    used = {name for row in found if len(row) == 3 for name in row[1:]}
    for name in names:
        stem = name.rpartition(".")[0]
        assert name in used or f"s/{stem}" in listed or (name.endswith(".json") and stem in {
            other.rpartition(".")[0] for other in used
        })  # fmt: skip
