"""Posts as files of one name, read by the reader `folder`."""

import io
from pathlib import Path

import pytest
from PIL import Image

from pacl_core.corpus.readers import Post, read_posts
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import PairsParams


def read(folder: Path) -> list[Post | Rejected]:
    return list(read_posts(PairsParams(reader="folder", path=str(folder))))


def image() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4)).save(stream, "JPEG")
    return stream.getvalue()


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def test_pairs_images_with_texts_of_the_same_name(tmp_path: Path) -> None:
    jpeg = image()
    write(
        tmp_path,
        {
            "b.JPG": jpeg,
            "b.txt": b"bee",
            "a.1.png": jpeg,
            "a.1.txt": "caf\xe9\r\n".encode("latin-1"),
            "deep/er/a.webp": jpeg,
            "deep/er/a.TXT": b"deep",
        },
    )
    assert read(tmp_path) == [
        Post("a.1", jpeg, "café\n"),
        Post("b", jpeg, "bee"),
        Post("deep/er/a", jpeg, "deep"),
    ]


def test_names_meet_however_they_are_composed(tmp_path: Path) -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    write(tmp_path, {f"{composed}.jpg": image(), f"{decomposed}.txt": b"one"})
    write(tmp_path, {f"b/{decomposed}.jpg": image(), f"b/{composed}.txt": b"two"})
    assert read(tmp_path) == [Post(composed, image(), "one"), Post(f"b/{decomposed}", image(), "two")]


def test_names_that_could_meet_two_meet_none_but_their_own(tmp_path: Path) -> None:
    for name in ("caf\u00e9", "cafe\u0301"):
        write(tmp_path, {f"{name}.jpg": image(), f"{name}.txt": name.encode()})
        write(tmp_path, {f"b/{name}.jpg": image()})
    write(tmp_path, {"b/cafe\u0301.txt": b"its own"})
    found = {item.sample_id: item.text for item in read(tmp_path) if isinstance(item, Post)}
    assert found == {name: name.removeprefix("b/") for name in ("caf\u00e9", "cafe\u0301")} | {
        "b/cafe\u0301": "its own"
    }


def test_a_second_text_of_a_name_has_a_row(tmp_path: Path) -> None:
    write(tmp_path, {"a.jpg": image(), "a.TXT": b"first", "a.txt": b"second"})
    assert read(tmp_path) == [
        Rejected("a.txt", "second_text", "a.TXT came before"),
        Post("a", image(), "first"),
    ]


def test_one_stray_byte_garbles_that_byte_alone(tmp_path: Path) -> None:
    text = "so happy \U0001f600 caf\u00e9 ".encode()
    write(tmp_path, {"a.jpg": image(), "a.txt": text + "\u2026".encode()[:2] + b" x \xe9"})
    (post,) = read(tmp_path)
    assert isinstance(post, Post) and post.text == "so happy \U0001f600 caf\u00e9 \u00e2\u20ac x \u00e9"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing: no such folder"):
        read(tmp_path / "nothing")
