"""MVSA as it is published, quirks included."""

import io
from pathlib import Path

import pytest
from PIL import Image

from pacl_core.corpus.readers import Post, read_posts
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import PairsParams


def read(folder: Path) -> list[Post | Rejected]:
    return list(read_posts(PairsParams(reader="mvsa", path=str(folder))))


def outcome(items: list[Post | Rejected]) -> list[tuple[str, str]]:
    """(key, text) of posts, (source, reason) of rejections."""
    return [
        (item.sample_id, item.text) if isinstance(item, Post) else (item.source, item.reason)
        for item in items
    ]


def image() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4)).save(stream, "JPEG")
    return stream.getvalue()


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


LABELS = b"ID\ttext,image\r\n7\tneutral,positive\r\n10\tpositive,positive\r\n2\tnegative,neutral\r\n"


def mvsa(folder: Path, labels: bytes | None = LABELS) -> Path:
    write(
        folder,
        {
            "data/2.jpg": image(),
            "data/2.txt": b"RT @someone: caf\xe9 is n\x92t #closed http://t.co/x\r\n",
            "data/7.jpg": image(),
            "data/7.txt": "schön 😀".encode(),
            "data/10.jpg": image(),
            "data/11.jpg": image(),
            "data/11.txt": b"has no label",
            "data/9.jpg": image(),
            "data/9.txt": b"has no label",
            "data/.DS_Store": b"",
            "data/notes.doc": b"",
        },
    )
    if labels is not None:
        (folder / "labelResultAll.txt").write_bytes(labels)
    return folder


def test_mvsa_single(tmp_path: Path) -> None:
    assert outcome(read(mvsa(tmp_path))) == [
        ("7", "schön 😀"),
        ("data/10", "missing_text"),
        ("2", "RT @someone: café is n’t #closed http://t.co/x\n"),
        ("9", "has no label"),
        ("11", "has no label"),
        ("data/notes.doc", "other_file"),
    ]


def test_mvsa_multiple_and_a_label_file_with_faults(tmp_path: Path) -> None:
    labels = b"ID\ttext,image\ttext,image\ttext,image\n2\ta,b\ta,b\ta,b\n\n2\ta,b\nnothing\n99\ta,b\n"
    assert outcome(read(mvsa(tmp_path, labels)))[:4] == [
        ("2", "RT @someone: café is n’t #closed http://t.co/x\n"),
        ("labelResultAll.txt:2", "duplicate_id"),
        ("labelResultAll.txt:5", "malformed_row"),
        ("data/99", "missing_image"),
    ]


def test_mvsa_without_its_label_file_is_read_by_number(tmp_path: Path) -> None:
    keys = [item.sample_id for item in read(mvsa(tmp_path, None)) if isinstance(item, Post)]
    assert keys == ["2", "7", "9", "11"]


def test_suffixes_of_any_case_and_what_comes_second(tmp_path: Path) -> None:
    files = {"data/1.JPG": b"1", "data/2.jpeg": b"2", "data/3.jpg": b"3", "data/1.JPEG": b"4"}
    texts = {"data/1.txt": b"one", "data/2.TXT": b"two", "data/3.Txt": b"three", "data/3.txt": b"four"}
    write(tmp_path, files | texts)
    assert outcome(read(tmp_path)) == [
        ("1", "one"),
        ("2", "two"),
        ("3", "three"),
        ("data/1.JPG", "second_picture"),
        ("data/3.txt", "second_text"),
    ]


def test_texts_are_gbk_where_they_are_no_utf8(tmp_path: Path) -> None:
    texts = {
        "1": "хлебивино …".encode("gb18030"),
        "2": "caf\xe9 is n\x92t".encode("latin-1"),
        "3": "so happy \U0001f600 caf\u00e9 ".encode() + b"\xe2\x80",  # UTF-8 that was cut
        "4": "RT @a: so…".encode("gb18030"),
        "5": "開心！".encode("gb18030"),
    }
    write(tmp_path, {f"data/{name}.txt": text for name, text in texts.items()})
    write(tmp_path, {f"data/{name}.jpg": image() for name in texts})
    assert outcome(read(tmp_path)) == [
        ("1", "хлебивино …"),
        ("2", "café is n’t"),
        ("3", "so happy \U0001f600 caf\u00e9 â€"),
        ("4", "RT @a: so…"),
        ("5", "開心！"),
    ]


def test_a_folder_that_is_not_mvsa(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds MVSA's 'data'"):
        read(tmp_path)
