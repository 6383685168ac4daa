"""img2dataset's output and plain shards; the hostile ones are in test_tar_members."""

import json
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pacl_core.corpus import shard_files
from pacl_core.corpus.readers import Post, read_posts
from pacl_core.errors import UserError
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import PairsParams
from tests.corpus.tars import jpeg, member, shard, tar


def read(path: Path | str) -> list[Post | Rejected]:
    return list(read_posts(PairsParams(reader="webdataset", path=str(path))))


def img2dataset(folder: Path, number: int) -> None:
    """A shard with two fetched rows of four, as img2dataset writes it."""
    keys = [f"{number:05d}{row:04d}" for row in range(4)]
    about = {
        key: {
            "url": f"http://h/{key}.jpg",
            "caption": f"cap {key}",
            "key": key,
            "status": "success",
            "width": 24,
        }
        for key in keys
    }
    members = []
    for key in keys[:2]:
        members += [
            member(f"{key}.jpg", jpeg(int(key))),
            member(f"{key}.json", json.dumps(about[key] | {"error_message": None}).encode()),
            member(f"{key}.txt", about[key]["caption"].encode()),
        ]
    shard(folder / f"{number:05d}.tar", *members)
    rows = {
        "key": keys,
        "status": ["success", "success", "failed_to_download", "failed_to_resize"],
        "error_message": [None, None, "HTTP Error 404: Not Found", "image decoding error"],
    }
    pq.write_table(pa.table(rows), folder / f"{number:05d}.parquet")
    (folder / f"{number:05d}_stats.json").write_text("{}")


def test_img2dataset(tmp_path: Path) -> None:
    img2dataset(tmp_path, 1)
    img2dataset(tmp_path, 0)
    assert read(tmp_path) == [
        item
        for shard in ("00000", "00001")
        for item in (
            *(
                Post(
                    f"{shard}000{row}",
                    jpeg(int(f"{shard}000{row}")),
                    f"cap {shard}000{row}",
                    {"url": f"http://h/{shard}000{row}.jpg", "width": "24"},
                )
                for row in range(2)
            ),
            Rejected(f"{shard}0002", "failed_to_download", "failed_to_download: HTTP Error 404: Not Found"),
            Rejected(f"{shard}0003", "failed_to_resize", "failed_to_resize: image decoding error"),
        )
    ]


def test_plain_shards_with_images_of_any_kind(tmp_path: Path) -> None:
    members = [
        member("./", type=b"5"),
        member("./a.PNG", b"png"),
        member("./a.txt", "caf\xe9\r\n".encode("latin-1")),
        member("deep/b.input.webp", b"webp"),
        member("deep/b.json", b'{"caption": "from the json", "score": 0.5, "tags": ["x"], "none": null}'),
        member("deep/b.cls", b"3"),
        member("c.jpg", b"jpg"),
        member("d.txt", b"lonely"),
    ]
    for name, mode in (("x.tar", "w"), ("y.tar.gz", "w:gz"), ("z.tgz", "w:gz")):
        stem = name.split(".")[0]
        assert read(shard(tmp_path / name, *members, mode=mode)) == [
            Post(f"{stem}/a", b"png", "café\n"),
            Rejected(f"{stem}/deep/b.cls", "other_member", "neither a picture nor .txt nor .json"),
            Post(f"{stem}/deep/b", b"webp", "from the json", {"score": "0.5", "tags": '["x"]'}),
            Rejected(f"{stem}/c", "missing_text", "no .txt and no caption in the shard"),
            Rejected(f"{stem}/d", "missing_image", "no picture in the shard"),
        ]
    (tmp_path / "._x.tar").write_bytes(b"what another system leaves next to it")
    # keys start again in each shard, and are told apart
    keys = [item.sample_id for item in read(tmp_path) if isinstance(item, Post)]
    assert keys == ["x/a", "x/deep/b", "y/a", "y/deep/b", "z/a", "z/deep/b"]


def test_a_list_of_shards_with_braces_and_urls(tmp_path: Path) -> None:
    for number in range(3):
        pair = (member("k.jpg", bytes([number])), member("k.txt", b"t"))
        shard(tmp_path / "near" / f"{number}.tar", *pair)
        with fsspec.open(f"memory://bucket/far-{number}.tar", "wb") as stream:
            stream.write(tar(*pair))
    listing = tmp_path / "shards.txt"
    listing.write_text("# ours\nnear/{0..1}.tar\n\nmemory://bucket/far-{2..1}.tar\nnear/9.tar\n")
    items = read(listing)
    assert [item.sample_id for item in items if isinstance(item, Post)] == [
        "0/k",
        "1/k",
        "far-2/k",
        "far-1/k",
    ]
    assert [(item.source, item.reason) for item in items if isinstance(item, Rejected)] == [
        ("9", "missing_shard")
    ]


def test_a_table_beside_a_remote_shard_is_read(tmp_path: Path) -> None:
    img2dataset(tmp_path, 0)
    for name in ("00000.tar", "00000.parquet"):
        with fsspec.open(f"memory://img2dataset/{name}", "wb") as stream:
            stream.write((tmp_path / name).read_bytes())
    (tmp_path / "list.txt").write_text("memory://img2dataset/00000.tar")
    assert [type(item) for item in read(tmp_path / "list.txt")] == [Post, Post, Rejected, Rejected]


def test_a_broken_table_costs_no_pair(tmp_path: Path) -> None:
    img2dataset(tmp_path, 0)
    (tmp_path / "00000.parquet").write_bytes(b"PAR1 no more")
    items = read(tmp_path)
    assert [type(item) for item in items] == [Post, Post, Rejected]
    assert items[2].reason == "broken_table"  # type: ignore[union-attr]
    pq.write_table(pa.table({"status": [["odd"]], "key": [1]}), tmp_path / "00000.parquet")
    assert [item.reason for item in read(tmp_path) if isinstance(item, Rejected)] == ["failed_otherwise"]


def test_a_file_system_that_fails_on_the_way_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fsspec.open("memory://gone/a.tar", "wb") as stream:
        stream.write(tar(member("k.jpg", b"x" * 100_000), member("k.txt", b"t")))
    (tmp_path / "list.txt").write_text("memory://gone/a.tar")

    def lost(*_: object) -> bytes:
        raise ConnectionResetError("connection lost")

    from fsspec.implementations.memory import MemoryFile

    monkeypatch.setattr(MemoryFile, "read", lost, raising=False)
    with pytest.raises(UserError, match=r"a\.tar: connection lost; run again"):
        read(tmp_path / "list.txt")


@pytest.mark.parametrize(
    ("entry", "message"),
    [("s4://bucket/a.tar", "s4"), ("gs://bucket/a.tar", "gcsfs")],
)
def test_a_file_system_that_is_not_installed_is_named(tmp_path: Path, entry: str, message: str) -> None:
    (tmp_path / "list.txt").write_text(entry)
    with pytest.raises(UserError, match=message):
        read(tmp_path / "list.txt")


@pytest.mark.parametrize("entry", ["{0..99999999999}.tar", "{0..2}" * 40, "{a,b,c}" * 40, "{0..2", "9" * 9])
def test_a_list_that_cannot_be_meant_is_named_by_its_line(
    tmp_path: Path, entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_files, "MOST_NAMES", 1000)
    (tmp_path / "list.txt").write_text(f"# shards\n{entry}\n")
    if "{" not in entry:
        assert [item.reason for item in read(tmp_path / "list.txt")] == ["missing_shard"]  # type: ignore[union-attr]
        return
    with pytest.raises(UserError, match="line 2: "):
        read(tmp_path / "list.txt")


def test_paths_that_hold_no_shards(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"")
    for path, message in [
        (tmp_path, "no shard"),
        (tmp_path / "none", "no such folder"),
        (tmp_path / "x.zip", "neither a folder nor a shard"),
        ("s3://bucket/a.tar", "put URLs in a text file"),
    ]:
        with pytest.raises(UserError, match=message):
            read(path)
