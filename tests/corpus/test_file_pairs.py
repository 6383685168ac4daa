"""Images and texts as files of one name: every file ends as part of a post or as a rejection."""

import io
import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pacl_core.corpus.file_pairs import file_posts
from pacl_core.corpus.readers import Post
from pacl_core.media.rejects import Rejected


def read(folder: Path) -> list[Post | Rejected]:
    return list(file_posts(folder, lambda path: path.as_posix()))


def image() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4)).save(stream, "JPEG")
    return stream.getvalue()


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def test_what_is_no_pair_is_rejected_with_a_reason(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "alone.jpg": image(),
            "text.txt": b"no picture",
            "labels.csv": b"1,2",
            "gone.txt": b"dangling",
            ".DS_Store": b"hidden",
        },
    )
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    found = {(item.source, item.reason) for item in read(tmp_path) if isinstance(item, Rejected)}
    assert found == {
        ("alone.jpg", "missing_text"),
        ("text.txt", "missing_image"),
        ("labels.csv", "other_file"),
        ("gone.jpg", "missing_image"),
        ("loop", "linked_folder"),
    }


def test_a_name_that_is_no_utf8_is_read(tmp_path: Path) -> None:
    for suffix, data in ((b".jpg", image()), (b".txt", b"text")):
        path = os.path.join(os.fsencode(tmp_path), b"caf\xe9" + suffix)  # noqa: PTH118
        with open(path, "wb") as stream:  # noqa: PTH123
            stream.write(data)
    assert read(tmp_path) == [Post("caf\\udce9", image(), "text")]


NAMES = st.sampled_from(["a", "b", "c", "sub/a", "sub/b", "sub/sub/a", "ä b"])


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(NAMES, st.tuples(st.booleans(), st.none() | st.text(st.characters(codec="utf-8")))))
def test_every_input_ends_as_a_post_or_a_rejection(entries: dict[str, tuple[bool, str | None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = {f"{name}.jpg": image() for name, (shown, _) in entries.items() if shown}
        texts = {f"{name}.txt": text.encode() for name, (_, text) in entries.items() if text is not None}
        write(Path(folder), files | texts)
        items = read(Path(folder))
    expected = {}
    for name, (shown, text) in entries.items():
        if shown and text is not None:
            expected[name] = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    assert {item.sample_id: item.text for item in items if isinstance(item, Post)} == expected
    lonely = sum(shown != (text is not None) for shown, text in entries.values())
    assert sum(isinstance(item, Rejected) for item in items) == lonely
