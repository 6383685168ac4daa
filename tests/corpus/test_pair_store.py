import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from pacl_core.artefacts.tables import read_table
from pacl_core.corpus.pair_store import PAIRS_SCHEMA, write_pairs
from pacl_core.corpus.pictures import decode_jpeg
from pacl_core.corpus.posts import Post, Rejected
from pacl_core.corpus.readers import read_posts
from pacl_core.errors import UserError
from pacl_core.params.data import ManifestParams, PairsParams


def png(shade: int, side: int = 40) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (side, side), (shade % 256, shade // 256, 0)).save(stream, "PNG")
    return stream.getvalue()


def posts(count: int) -> Iterator[Post]:
    return (Post(f"p{number}", png(number), f"text {number}") for number in range(count))


def test_every_input_is_a_pair_or_rejected_and_counted(tmp_path: Path) -> None:
    found = [
        Post("a", png(1), " one "),
        Rejected("x.jpg", "missing_text", "no .txt"),
        Post("b", b"<html>", "two"),
        Post("c", png(2), " \0 "),
        Post("a", png(3), "again"),
        Post("d", png(4), "four", provenance="kept"),
        Rejected("caf\udce9.jpg", "missing_image", "no file caf\udce9.jpg"),
    ]
    counts = write_pairs(found, tmp_path / "pairs", tmp_path / "rejected.parquet", image_size=16)
    assert counts == {
        "read": 7,
        "pairs": 2,
        "rejected": 5,
        "rejected_by_reason": {
            "duplicate_id": 1,
            "empty_text": 1,
            "missing_image": 1,
            "missing_text": 1,
            "not_a_picture": 1,
        },
        "provenance": {"kept": 1},
    }
    table = pq.read_table(tmp_path / "pairs")
    assert table.schema.equals(PAIRS_SCHEMA)
    assert table.drop_columns(["image", "pixel_hash", "perceptual_hash"]).to_pylist() == [
        {"sample_id": "a", "text": "one", "width": 16, "height": 16, "provenance": None},
        {"sample_id": "d", "text": "four", "width": 16, "height": 16, "provenance": "kept"},
    ]
    rejected = pq.read_table(tmp_path / "rejected.parquet").to_pylist()
    assert [(row["source"], row["reason"]) for row in rejected] == [
        ("x.jpg", "missing_text"),
        ("b", "not_a_picture"),
        ("c", "empty_text"),
        ("a", "duplicate_id"),
        ("caf\\udce9.jpg", "missing_image"),
    ]


@pytest.mark.parametrize("workers", [1, 3])
def test_order_holds_over_parts_row_groups_and_threads(tmp_path: Path, workers: int) -> None:
    folder = tmp_path / "pairs"
    write_pairs(
        posts(700), folder, tmp_path / "r.parquet", image_size=16, workers=workers, part_bytes=100_000
    )
    assert len(list(folder.glob("part-*.parquet"))) > 1
    assert all(pq.read_metadata(part).row_group(0).num_rows <= 256 for part in folder.glob("part-*.parquet"))
    rows = read_table(folder, ["sample_id", "image"]).to_pylist()
    assert len(rows) == 700
    assert [row["sample_id"] for row in rows] == [f"p{number}" for number in range(700)]
    for row in rows[::50]:
        shade = int(row["sample_id"][1:])
        red, green, _ = decode_jpeg(row["image"]).getpixel((8, 8))
        assert abs(red - shade % 256) <= 3 and abs(green - shade // 256) <= 3


def test_the_bytes_do_not_depend_on_the_run_or_the_threads(tmp_path: Path) -> None:
    for name, workers in [("a", 1), ("b", 1), ("c", 4)]:
        write_pairs(posts(40), tmp_path / name, tmp_path / f"{name}.parquet", image_size=16, workers=workers)
    parts = {(tmp_path / name / "part-00000.parquet").read_bytes() for name in "abc"}
    assert len(parts) == 1


def test_reading_stays_a_few_posts_ahead_of_writing(tmp_path: Path) -> None:
    # a corpus that never ends must not be read into memory before the first pair is written
    read = 0

    def endless() -> Iterator[Post]:
        nonlocal read
        while True:
            read += 1
            if read > 600:
                raise UserError("stop")
            yield Post(str(read), png(read), "text")
            written.append(any((tmp_path / ".pairs.draft").glob("part-*")))

    written: list[bool] = []
    with pytest.raises(UserError, match="stop"):
        write_pairs(endless(), tmp_path / "pairs", tmp_path / "r.parquet", image_size=16, workers=2)
    assert written[290] and not written[0]
    assert not (tmp_path / "pairs").exists() and not (tmp_path / "r.parquet").exists()  # whole or not at all
    assert not list(tmp_path.glob(".*draft*"))


def test_a_corpus_without_a_usable_pair_is_one_clear_line(tmp_path: Path) -> None:
    broken = [Post("a", b"<html>", "x"), Post("b", b"", "y"), Post("c", b"<html>", "z")]
    with pytest.raises(UserError, match=r"no usable pair among 3 inputs.*not_a_picture 2, empty 1"):
        write_pairs(broken, tmp_path / "pairs", tmp_path / "r.parquet", image_size=16)
    with pytest.raises(UserError, match="the corpus is empty"):
        write_pairs([], tmp_path / "pairs", tmp_path / "r.parquet", image_size=16)


def test_duplicate_ids_of_a_manifest_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(png(1))
    rows = [{"image": "1.png", "text": f"t{number}", "id": number % 3} for number in range(9)]
    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, rows)))
    params = PairsParams(reader="manifest", path=str(tmp_path / "m.jsonl"), manifest=ManifestParams(id="id"))
    counts = write_pairs(read_posts(params), tmp_path / "pairs", tmp_path / "r.parquet", image_size=16)
    assert (counts["pairs"], counts["rejected_by_reason"]) == (3, {"duplicate_id": 6})
