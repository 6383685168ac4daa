"""Tables as corpora: the reader `manifest`."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pacl_core.corpus.posts import Post
from pacl_core.corpus.readers import read_posts
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import ManifestParams, PairsParams

JPEG = b"\xff\xd8 readers do not decode"


def read(path: Path, **manifest: Any) -> list[Post | Rejected]:
    params = PairsParams(reader="manifest", path=str(path), manifest=ManifestParams(**manifest))
    return list(read_posts(params))


def manifest(
    folder: Path, name: str, content: str | bytes, images: tuple[str, ...] = ("1.jpg", "2.jpg")
) -> Path:
    for image in images:
        (folder / image).parent.mkdir(parents=True, exist_ok=True)
        (folder / image).write_bytes(JPEG)
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


TWO = [Post("1", JPEG, "one"), Post("2", JPEG, "two")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("m.csv", "image,text\n1.jpg,one\n2.jpg,two\n"),
        ("m.csv", "text,other,image\r\none,,1.jpg\r\n\r\ntwo,,2.jpg"),
        ("m.csv", "image,text\r1.jpg,one\r2.jpg,two\r"),  # CR alone
        ("m.csv", "\ufeffimage,text\n1.jpg,one\n2.jpg,two\n"),
        ("m.csv", "image,text\n1.jpg,one\n2.jpg,two\n".encode("utf-16")),
        ("m.tsv", "image\ttext\n1.jpg\tone\n 2.jpg \ttwo\n"),
        ("m.jsonl", '{"image": "1.jpg", "text": "one"}\n\n{"text": "two", "image": "2.jpg", "more": 1}'),
    ],
)
def test_reads_the_forms_people_have(tmp_path: Path, name: str, content: str | bytes) -> None:
    assert read(manifest(tmp_path, name, content)) == TWO
    assert read(tmp_path, file=name) == TWO


def test_reads_parquet(tmp_path: Path) -> None:
    manifest(tmp_path, "unused.csv", "")
    pq.write_table(pa.table({"image": ["1.jpg", "2.jpg"], "text": ["one", "two"]}), tmp_path / "m.parquet")
    assert read(tmp_path / "m.parquet") == TWO


def test_bytes_that_are_no_utf8_are_read_as_latin1(tmp_path: Path) -> None:
    content = b"image,text\n1.jpg,caf\xe9\n2.jpg,caf\xc3\xa9\n"
    assert [post.text for post in read(manifest(tmp_path, "m.csv", content))] == ["café", "café"]


def test_ids_and_columns_are_parameters(tmp_path: Path) -> None:
    path = manifest(tmp_path, "m.csv", ",file,words\n x7 ,1.jpg,one\n,2.jpg,two\n")
    first, second = read(path, image="file", text="words", id="")
    assert first == Post("x7", JPEG, "one")
    assert isinstance(second, Rejected) and second.reason == "missing_id"


def test_a_pattern_makes_paths_from_columns(tmp_path: Path) -> None:
    path = manifest(tmp_path, "m.csv", "Theme,Kind\nDog 1 ,cat\n", images=("cat/Dog 1.jpg",))
    assert read(path, image="{Kind}/{Theme}.jpg", text="Theme") == [Post("1", JPEG, "Dog 1 ")]


def test_rows_that_cannot_be_used_are_rejected(tmp_path: Path) -> None:
    rows = "image,text,id\n9.jpg,gone,a\n1.jpg,short\n,none,c\n1.jpg,one,d\n../..,folder,e\n"
    items = read(manifest(tmp_path, "m.csv", rows), id="id")
    assert [item.reason if isinstance(item, Rejected) else item.sample_id for item in items] == [
        "missing_image",
        "malformed_row",
        "missing_image",
        "d",
        "outside_corpus",
    ]
    lines = (
        '{"image": "1.jpg", "text": "one"}\nnot json\n[1]\n{"image": "1.jpg"}\n{"image": [1], "text": ""}\n'
    )
    items = read(manifest(tmp_path, "m.jsonl", lines))
    assert [isinstance(item, Post) for item in items] == [True, False, False, False, False]
    assert {item.reason for item in items[1:] if isinstance(item, Rejected)} == {"malformed_row"}


def test_a_path_that_no_file_system_takes_is_rejected(tmp_path: Path) -> None:
    lines = '{"image": "1\\u0000.jpg", "text": "a"}\n{"image": "\\ud83d.jpg", "text": "b"}\n'
    items = read(manifest(tmp_path, "m.jsonl", lines))
    assert [item.reason for item in items if isinstance(item, Rejected)] == ["unreadable", "unreadable"]


def test_paths_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such manifest"):
        read(tmp_path / "none.csv")
    with pytest.raises(UserError, match=r"set pairs\.manifest\.file"):
        read(tmp_path)
    with pytest.raises(UserError, match="is no pattern"):
        read(manifest(tmp_path, "m.csv", "image,text\n"), image="{image")
    with pytest.raises(UserError, match="unknown reader 'manifst'; did you mean 'manifest'"):
        list(read_posts(PairsParams(reader="manifst", path=".")))
