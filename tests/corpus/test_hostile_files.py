"""Folders and manifests with entries that nobody should open, or with names that nobody would choose."""

import errno
import io
import os
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from PIL import Image

from pacl_core.corpus.readers import Post, read_posts
from pacl_core.media.images import read_image
from pacl_core.media.rejects import Rejected, UnusableError
from pacl_core.params.pairs import PairsParams
from tests.paths import ROOT


def image() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4)).save(stream, "JPEG")
    return stream.getvalue()


def outcomes(folder: Path, reader: str = "folder", **manifest: str) -> dict[str, str]:
    """key -> text of posts, source -> reason of rejections."""
    params = PairsParams.model_validate({"reader": reader, "path": str(folder), "manifest": manifest})
    items: list[Post | Rejected] = list(read_posts(params))
    found = {one.sample_id: one.text for one in items if isinstance(one, Post)}
    return found | {one.source: one.reason for one in items if isinstance(one, Rejected)}


def test_what_is_no_file_is_never_opened(tmp_path: Path) -> None:
    for name in ("fifo", "socket", "loop", "device", "late", "sound"):
        (tmp_path / f"{name}.txt").write_text(name)
    os.mkfifo(tmp_path / "fifo.jpg")
    socket.socket(socket.AF_UNIX).bind(str(tmp_path / "socket.jpg"))
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "device.jpg").symlink_to("/dev/zero")
    (tmp_path / "sound.jpg").write_bytes(image())
    (tmp_path / "late.txt").unlink()
    os.mkfifo(tmp_path / "late.txt")
    (tmp_path / "late.jpg").write_bytes(image())
    (tmp_path / "round.png").symlink_to("square.png")
    (tmp_path / "square.png").symlink_to("round.png")
    assert outcomes(tmp_path) == {
        "fifo.jpg": "not_a_file",
        "socket.jpg": "not_a_file",
        "device.jpg": "not_a_file",
        "late.jpg": "not_a_file",
        "loop.jpg": "unreadable",
        "round.png": "missing_text",
        "square.png": "missing_text",
        "sound": "sound",
    }


def test_a_folder_that_leads_back_up_and_a_folder_named_like_a_image(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").mkdir()
    (tmp_path / "a.jpg" / "up").symlink_to(tmp_path)
    (tmp_path / "a.jpg" / "b.jpg").write_bytes(image())
    (tmp_path / "a.jpg" / "b.txt").write_text("deep")
    (tmp_path / "a.txt").write_text("a text whose image is a folder")
    assert outcomes(tmp_path) == {"a.txt": "missing_image", "a.jpg/b": "deep", "a.jpg/up": "linked_folder"}
    with pytest.raises(UnusableError, match="not_a_file"):
        read_image(tmp_path / "a.jpg")


def test_folders_may_nest_deeper_than_calls_may(tmp_path: Path) -> None:
    folders = [tmp_path]
    for _ in range(1100):
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()
    (folders[-1] / "p.jpg").write_bytes(image())
    (folders[-1] / "p.txt").write_text("at the bottom")
    assert list(outcomes(tmp_path).values()) == ["at the bottom"]
    for name in ("p.jpg", "p.txt"):
        (folders[-1] / name).unlink()
    for folder in reversed(folders[1:]):  # shutil.rmtree recurses
        folder.rmdir()


NAMES = [b"new\nline", b"quo\"te'and`tick", b"sp ace ", b"caf\xe9", b"\xff\xfe", "日本 😀".encode()]
NAMES += [b"=HYPERLINK(1)", b"%s"]


def test_names_of_any_bytes(tmp_path: Path) -> None:
    for name in NAMES:
        for suffix, data in ((b".jpg", image()), (b".txt", b"text")):
            with open(os.path.join(os.fsencode(tmp_path), name + suffix), "wb") as stream:  # noqa: PTH118, PTH123
                stream.write(data)
    found = outcomes(tmp_path)
    assert len(found) == len(NAMES) and set(found.values()) == {"text"}
    assert "caf\\udce9" in found and "new\nline" in found
    for key in found:
        key.encode()


def test_a_file_that_fails_while_it_is_read(tmp_path: Path) -> None:
    """A regular file whose reading fails even for root."""
    failing = Path("/proc/self/mem")
    if not failing.exists():
        pytest.skip("no /proc")
    (tmp_path / "a.jpg").symlink_to(failing)
    (tmp_path / "a.txt").write_text("x")
    assert outcomes(tmp_path) == {"a.jpg": "unreadable"}
    with pytest.raises(UnusableError) as caught:
        read_image(tmp_path / "a.jpg")
    assert os.strerror(errno.EIO) in caught.value.detail


PROGRAM = """
import os, sys
from pacl_core.corpus.readers import read_posts
from pacl_core.params.pairs import PairsParams
if os.getuid() == 0:
    import encodings.utf_8_sig, pacl_core.corpus.readers.folder  # Python itself may be closed afterwards
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
for item in read_posts(PairsParams(reader="folder", path=sys.argv[1])):
    print(getattr(item, "sample_id", None) or (item.source + " " + item.reason))
"""


def test_files_and_folders_without_permission() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folder is closed to others
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "shut").mkdir()
        for stem in ("closed", "open", "text"):
            (folder / f"{stem}.jpg").write_bytes(image())
            (folder / f"{stem}.txt").write_text("x")
        (folder / "closed.jpg").chmod(0)
        (folder / "text.txt").chmod(0)
        (folder / "shut").chmod(0)
        done = subprocess.run(
            (sys.executable, "-c", PROGRAM, name), cwd=ROOT, capture_output=True, text=True, check=False
        )
        (folder / "shut").chmod(stat.S_IRWXU)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines == ["closed.jpg unreadable", "open", "text.jpg unreadable", "shut unreadable"]


def test_a_manifest_reads_nothing_outside_its_corpus(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    (corpus / "lists").mkdir(parents=True)
    (corpus / "elsewhere").symlink_to(tmp_path, target_is_directory=True)
    for place in (tmp_path / "secret.jpg", corpus / "in.jpg"):
        place.write_bytes(image())
    rows = [
        "../in.jpg,up but within",
        "../../secret.jpg,out",
        f"{tmp_path}/secret.jpg,absolute and out",
        f"{corpus}/in.jpg,absolute and within",
        "../lists/../../secret.jpg,round and out",
        "../elsewhere/secret.jpg,a link that the holder made",
    ]
    (corpus / "lists/m.csv").write_text("image,text\n" + "\n".join(rows))
    assert outcomes(corpus, "manifest", file="lists/m.csv") == {
        "1": "up but within",
        "m.csv:2": "outside_corpus",
        "m.csv:3": "outside_corpus",
        "4": "absolute and within",
        "m.csv:5": "outside_corpus",
        "6": "a link that the holder made",
    }
    # where the manifest itself is the corpus, its folder is
    found = outcomes(corpus / "lists/m.csv", "manifest")
    assert set(found.values()) == {"outside_corpus"}


def test_formulas_are_plain_text_and_ids(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(image())
    formula = '=HYPERLINK("http://x","y")'
    quoted = '"' + formula.replace('"', '""') + '"'
    (tmp_path / "m.csv").write_text(f"id,image,text\n{quoted},1.jpg,{quoted}\n+1,1.jpg,@SUM(A1)\n")
    assert outcomes(tmp_path / "m.csv", "manifest", id="id") == {formula: formula, "+1": "@SUM(A1)"}


def test_a_line_that_never_ends(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(image())
    for name, row in (("m.jsonl", '{"image": "1.jpg", "text": "fine"}'), ("m.csv", "1.jpg,fine")):
        head = "image,text\n" if name == "m.csv" else ""
        (tmp_path / name).write_text(head + "x" * (33 << 20) + "\n" + row + "\n")
        found = list(outcomes(tmp_path / name, "manifest").values())
        assert set(found[:-1]) | set(found[1:]) == {"malformed_row", "fine"}
