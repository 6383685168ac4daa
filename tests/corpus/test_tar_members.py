"""Untrusted tar shards (`tar_members`): read right or rejected, never extracted, never unpickled."""

import gzip
import io
import os
import pickle
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from pacl_core.corpus.readers import Post, read_posts
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import PairsParams
from tests.corpus.tars import blocks, jpeg, member, shard, tar

PAIR = (member("a.jpg", jpeg()), member("a.txt", b"one"))
LAST = (member("z.jpg", jpeg()), member("z.txt", b"last"))


def outcomes(path: Path) -> list[tuple[str, str]]:
    """(key, text) of posts, (source, reason) of rejections."""
    items: list[Post | Rejected] = list(read_posts(PairsParams(reader="webdataset", path=str(path))))
    return [(one.sample_id, one.text) if isinstance(one, Post) else (one.source, one.reason) for one in items]


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose every file must be there unchanged afterwards, next to the one that tests run in."""
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    return tmp_path


HOSTILE = [
    (member("/etc/pacl-was-here.jpg", jpeg()), "s//etc/pacl-was-here.jpg", "unsafe_name"),
    (member("../up.jpg", jpeg()), "s/../up.jpg", "unsafe_name"),
    (member("a/../../up.txt", b"x"), "s/a/../../up.txt", "unsafe_name"),
    (member("a\\..\\up.txt", b"x"), "s/a\\..\\up.txt", "unsafe_name"),
    (member("l.jpg", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "s/l.jpg", "tar_link"),
    (member("h.txt", type=tarfile.LNKTYPE, linkname="a.txt"), "s/h.txt", "tar_link"),
    (member("f.jpg", type=tarfile.FIFOTYPE), "s/f.jpg", "tar_special"),
    (member("d.jpg", type=tarfile.CHRTYPE, devmajor=1, devminor=5), "s/d.jpg", "tar_special"),
    (member("b.jpg", type=tarfile.BLKTYPE, devmajor=8), "s/b.jpg", "tar_special"),
    (member("a.jpg", jpeg(9)), "s/a.jpg", "duplicate_member"),
    (member("a.png", b"x"), "s/a.png", "second_picture"),
    (member("a.json", b"{not json"), "s/a.json", "broken_json"),
    (member("a.json", b"[" * 100_000), "s/a.json", "broken_json"),
    (member("a.cls", b"3"), "s/a.cls", "other_member"),
    (member("no suffix", b"3"), "s/no suffix", "other_member"),
]


@pytest.mark.parametrize(("evil", "source", "reason"), HOSTILE, ids=[row[1] for row in HOSTILE])
def test_a_member_that_is_no_use_costs_nothing_else(
    outside: Path, evil: tuple[tarfile.TarInfo, bytes], source: str, reason: str
) -> None:
    path = shard(outside / "inside/s.tar", *PAIR, evil, *LAST)
    assert sorted(outcomes(path)) == sorted([("s/a", "one"), (source, reason), ("s/z", "last")])
    assert [file.name for file in outside.rglob("*") if file.is_file()] == ["s.tar"]


class Payload:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("unpickled",)


@pytest.mark.parametrize(
    "name", ["a.pkl", "a.pickle", "a.pyd", "a.pth", "a.pt", "a.joblib", "a.npy", "b.jpg", "b.json"]
)
def test_nothing_is_unpickled(outside: Path, name: str) -> None:
    path = shard(
        outside / "inside/s.tar", *PAIR, member(name, pickle.dumps(Payload())), member("b.txt", b"t")
    )
    found = outcomes(path)
    assert ("s/a", "one") in found
    if name.startswith("a."):
        assert (f"s/{name}", "other_member" if name == "a.npy" else "pickle_member") in found
    assert not (outside / "inside/unpickled").exists()


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_shard_without_its_end_gives_what_it_holds_and_says_so(outside: Path, mode: str) -> None:
    whole = tar(*PAIR, *LAST, mode=mode)
    path = outside / f"inside/s.tar{'.gz' if mode == 'w:gz' else ''}"
    for cut in range(0, len(whole) - 1, 37):
        path.write_bytes(whole[:cut])
        found = outcomes(path)
        assert found[-1] in [("s", "shard_truncated"), ("s", "shard_corrupt")] or (
            # the zeros behind the end of the tar may be short of a whole record
            [key for key, _ in found] == ["s/a", "s/z"]
        )
        assert [text for _, text in found[:-1]] == ["one", "last"][: len(found) - 1] or found[-1][0] == "s/z"
    path.write_bytes(tar(*PAIR, *LAST)[: 1024 * 3 + 100])
    assert outcomes(path)[-1] == ("s", "shard_truncated")


def test_a_broken_header_in_the_middle_is_no_silent_end(outside: Path) -> None:
    data = bytearray(tar(*PAIR, *LAST))
    place = data.index(b"z.jpg")
    data[place + 150] ^= 0xFF  # in the checksum
    path = outside / "inside/s.tar"
    path.write_bytes(data)
    assert outcomes(path) == [("s/a", "one"), ("s", "shard_corrupt")]


def test_what_is_no_tar(outside: Path) -> None:
    path = outside / "inside/s.tar"
    for data in (b"", b"<html>404</html>" * 100, b"\x1f\x8b" + b"x" * 2000, b"BZh9" + b"x" * 2000, jpeg()):
        path.write_bytes(data)
        ((source, reason),) = outcomes(path)
        assert (source, reason) in [("s", "shard_corrupt"), ("s", "shard_truncated")]


def test_places_that_are_no_shard(outside: Path) -> None:
    folder = outside / "inside"
    (folder / "a.tar").mkdir()
    os.mkfifo(folder / "b.tar")
    (folder / "c.tar").symlink_to("c.tar")
    (folder / "d.tar").symlink_to("nowhere.tar")
    shard(folder / "e.tar", *PAIR)
    assert outcomes(folder) == [
        ("a", "not_a_file"),
        ("b", "not_a_file"),
        ("c", "unreadable"),
        ("d", "missing_shard"),
        ("e/a", "one"),
    ]


def test_members_beyond_the_caps_are_not_read(outside: Path) -> None:
    big = tarfile.TarInfo("big.jpg")
    big.size = 65 << 20
    long = tarfile.TarInfo("long.txt")
    long.size = (1 << 20) + 1
    stream = io.BytesIO()
    with gzip.open(stream, "wb", compresslevel=1) as archive:
        for info, text in ((big, True), (long, False)):
            archive.write(info.tobuf() + bytes(-(-info.size // 512) * 512))
            archive.write(blocks(member("big.txt", b"t") if text else member("long.webp", jpeg())))
        archive.write(tar(*LAST))
    path = outside / "inside/s.tar.gz"
    path.write_bytes(stream.getvalue())
    tracemalloc.start()
    found = outcomes(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sorted(found) == [("s/big", "too_large"), ("s/long", "text_too_large"), ("s/z", "last")]
    assert peak < 16 << 20


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_that_claims_much_is_not_read(outside: Path, kind: bytes) -> None:
    huge = tarfile.TarInfo("header")
    huge.type, huge.size = kind, 1 << 30
    path = outside / "inside/s.tar"
    path.write_bytes(blocks(*PAIR) + huge.tobuf() + bytes(4096))
    assert outcomes(path) == [("s/a", "one"), ("s", "shard_corrupt")]


def test_sizes_below_zero_and_headers_in_headers_end_the_shard(outside: Path) -> None:
    back = bytearray(member("b.jpg", b"")[0].tobuf(tarfile.GNU_FORMAT))
    back[124:136] = b"\xff" * 10 + b"\xf8\x00"  # base 256: -2048
    total = sum(back[:148]) + 8 * 32 + sum(back[156:512])
    back[148:156] = b"%06o\0 " % total
    pax = tar(member("n.jpg", pax_headers={"comment": "x"}))[:1024]
    for evil in (bytes(back), pax * 3000):
        path = outside / "inside/s.tar"
        path.write_bytes(blocks(*PAIR) + evil + bytes(1024))
        assert outcomes(path) == [("s/a", "one"), ("s", "shard_corrupt")]


def test_names_of_any_bytes(outside: Path) -> None:
    names = ["new\nline", "quo\"te's", "sp ace", "caf\udce9", "x" * 300, "日本"]
    members = [one for name in names for one in (member(f"{name}.jpg", jpeg()), member(f"{name}.txt", b"t"))]
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        path = outside / "inside/s.tar"
        path.write_bytes(tar(*members, form=form))
        keys = [f"s/{name}".replace("\udce9", "\\udce9") for name in names]
        assert outcomes(path) == [(key, "t") for key in keys]
