"""Posts as files of one name: the reader `folder`."""

import io
from pathlib import Path

import pytest
from PIL import Image

from pacl_core.corpus.posts import Post
from pacl_core.corpus.readers import read_posts
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


def test_a_missing_folder_is_the_users_to_mend(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing: no such folder"):
        read(tmp_path / "nothing")
