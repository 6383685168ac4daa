"""What stops DVC's own hashing, and a few findings of each input."""

import os
import socket
from pathlib import Path

from pacl_core.doctor.hashing import FIRST, hashing, unhashable


def test_each_input_is_looked_at(tmp_path: Path) -> None:
    for name in ("fine", "fifo", "links"):
        (tmp_path / name).mkdir()
    os.mkfifo(tmp_path / "fifo/z.jpg")
    for number in range(2 * FIRST):
        (tmp_path / f"links/{number}.jpg").symlink_to("nowhere")
    found = hashing({name: str(tmp_path / name) for name in ("fine", "fifo", "links", "none")})
    assert [one.what for one in found] == ["fifo", *["links"] * FIRST]
    assert found[0].state == "stops" and found[0].detail == f"{tmp_path}/fifo/z.jpg: a FIFO"


def found(root: Path) -> list[tuple[str, str]]:
    return [(path.removeprefix(f"{root}/"), what) for path, what in unhashable(root)]


def test_sound_files_links_and_hidden_ones_are_fine(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/\u00e9.jpg").write_bytes(b"")
    (tmp_path / "link.jpg").symlink_to("a/b/\u00e9.jpg")
    (tmp_path / "up").symlink_to(tmp_path, target_is_directory=True)
    assert found(tmp_path) == []
    assert found(tmp_path / "link.jpg") == []
    assert found(tmp_path / "none") == []


def test_each_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/dangling").symlink_to("/nowhere/x.jpg")
    (tmp_path / "a/.hidden").symlink_to("nowhere")
    (tmp_path / "b-loop").symlink_to("b-loop")
    os.mkfifo(tmp_path / "c.jpg")
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg"))).write_bytes(b"")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "d"))
        assert found(tmp_path) == [
            ("a/.hidden", "a link to nothing"),
            ("a/dangling", "a link to nothing"),
            ("b-loop", "cannot be read (Too many levels of symbolic links)"),
            ("c.jpg", "a FIFO"),
            ("caf\\udce9.jpg", "a name that is not UTF-8"),
            ("d", "a socket"),
        ]
