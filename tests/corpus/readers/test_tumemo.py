"""TumEmo as it is published, quirks included."""

import io
from pathlib import Path

import pytest
from PIL import Image

from pacl_core.corpus.readers import Post, read_posts
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import PairsParams


def read(folder: Path) -> list[Post | Rejected]:
    return list(read_posts(PairsParams(reader="tumemo", path=str(folder))))


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


def test_tumemo(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "100000012.jpg": image(),
            "100000012.txt": "so happy\u2019 today\r\n".encode(),
            "100000013.jpg": image(),
            "labels.txt": b"100000012 Happy\n100000013 Sad\n",
            "labels.csv": b"100000012,Happy\n",
            "Sad/200000001.jpg": image(),
            "Sad/200000001.txt": b"rain",
        },
    )
    items = read(tmp_path)
    assert outcome(items) == [
        ("labels.csv", "other_file"),
        ("100000012", "so happy\u2019 today\n"),
        ("100000013.jpg", "missing_text"),
        ("labels.txt", "missing_image"),
        ("200000001", "rain"),  # the folder's name, an emotion, is nowhere in it
    ]
    posts = [item for item in items if isinstance(item, Post)]
    assert all(post.extras == {} and "Sad" not in post.sample_id for post in posts)


def test_a_missing_folder_is_the_users_to_fix(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        read(tmp_path / "none")
