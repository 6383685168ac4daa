import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pacl_core.corpus.pair_parts import PAIRS_SCHEMA
from pacl_core.corpus.pair_store import StorePaths, write_pairs
from pacl_core.corpus.readers import Post, read_posts
from pacl_core.errors import UserError
from pacl_core.files.tables import read_table
from pacl_core.media.images import decode_jpeg
from pacl_core.media.rejects import Rejected
from pacl_core.params.pairs import ManifestParams, PairsParams
from pacl_core.runtime.scratch import scratch


def png(shade: int, side: int = 40) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (side, side), (shade % 256, shade // 256, 0)).save(stream, "PNG")
    return stream.getvalue()


def store(
    found: Iterable[Post | Rejected], folder: Path, name: str = "pairs", *, workers: int = 1, **more: Any
) -> dict[str, Any]:
    """`write_pairs` into `folder`/`name` and its .parquet; `more`: part_bytes, or keys of `pairs`."""
    parts = {"part_bytes": more.pop("part_bytes")} if "part_bytes" in more else {}
    params = PairsParams.model_validate({"reader": "none", "path": "none", "image_size": 16} | more)
    with scratch("pairs", name, folder / "scratch") as unfinished:
        return write_pairs(
            lambda: iter(found),
            params,
            StorePaths(folder / name, folder / f"{name}.parquet", unfinished),
            workers=workers,
            **parts,
        )


def posts(count: int) -> Iterator[Post]:
    return (Post(f"p{number}", png(number), f"text {number}") for number in range(count))


def test_every_input_is_a_pair_or_rejected_and_counted(tmp_path: Path) -> None:
    found = [
        Post("a", png(1), " one "),
        Rejected("x.jpg", "missing_text", "no .txt"),
        Post("b", b"<html>", "two"),
        Post("c", png(2), " \0 "),
        Post("a", png(3), "again"),
        Post("d", png(4), "four", {"provenance": "kept", "url": "http://x/d.png"}),
        Rejected("caf\udce9.jpg", "missing_image", "no file caf\udce9.jpg"),
    ]
    counts = store(found, tmp_path)
    assert counts == {
        "read": 7,
        "pairs": 2,
        "rejected": 5,
        "rejected_by_reason": {
            "duplicate_id": 1,
            "empty_text": 1,
            "missing_image": 1,
            "missing_text": 1,
            "web_page": 1,
        },
        "near_duplicates": 0,
        "cleaned_texts": 0,
        "provenance": {"kept": 1},
    }
    table = pq.read_table(tmp_path / "pairs")
    assert table.schema.equals(PAIRS_SCHEMA)
    assert table.drop_columns(["image", "pixel_hash", "perceptual_hash"]).to_pylist() == [
        {
            "sample_id": "a",
            "text": "one",
            "width": 16,
            "height": 16,
            "provenance": None,
            "original_text": " one ",
            "near_duplicate_of": None,
            "extras": None,
        },
        {
            "sample_id": "d",
            "text": "four",
            "width": 16,
            "height": 16,
            "provenance": "kept",
            "original_text": "four",
            "near_duplicate_of": None,
            "extras": '{"url": "http://x/d.png"}',
        },
    ]
    rejected = pq.read_table(tmp_path / "pairs.parquet").to_pylist()
    assert [(row["source"], row["reason"]) for row in rejected] == [
        ("x.jpg", "missing_text"),
        ("b", "web_page"),
        ("c", "empty_text"),
        ("a", "duplicate_id"),
        ("caf\\udce9.jpg", "missing_image"),
    ]


@pytest.mark.parametrize("workers", [1, 3])
def test_order_holds_over_parts_row_groups_and_threads(tmp_path: Path, workers: int) -> None:
    folder = tmp_path / "pairs"
    store(posts(700), tmp_path, workers=workers, part_bytes=100_000)
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
        store(posts(40), tmp_path, name, workers=workers)
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
            written.append(any((tmp_path / "scratch").rglob("piece-*")))

    written: list[bool] = []
    with pytest.raises(UserError, match="stop"):
        store(endless(), tmp_path, workers=2)
    assert written[290] and not written[0]
    assert not (tmp_path / "pairs").exists() and not (tmp_path / "pairs.parquet").exists()
    assert not list(tmp_path.glob(".*draft*"))


def test_a_corpus_without_a_usable_pair_is_one_clear_line(tmp_path: Path) -> None:
    broken = [Post("a", b"<html>", "x"), Post("b", b"", "y"), Post("c", b"<html>", "z")]
    message = r"no usable pair among 3 inputs.*web_page 2, empty 1 \(the first is a: starts with b'<html>'\)"
    with pytest.raises(UserError, match=message):
        store(broken, tmp_path)
    rejected = pq.read_table(tmp_path / "pairs.parquet").to_pylist()
    assert [(row["source"], row["reason"]) for row in rejected] == [
        ("a", "web_page"),
        ("b", "empty"),
        ("c", "web_page"),
    ]
    with pytest.raises(UserError, match="the corpus is empty"):
        store([], tmp_path, "none")


def test_duplicate_ids_of_a_manifest_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(png(1))
    rows = [{"image": "1.png", "text": f"t{number}", "id": number % 3} for number in range(9)]
    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, rows)))
    params = PairsParams(reader="manifest", path=str(tmp_path / "m.jsonl"), manifest=ManifestParams(id="id"))
    counts = store(read_posts(params), tmp_path)
    assert (counts["pairs"], counts["rejected_by_reason"]) == (3, {"duplicate_id": 6})


def test_the_same_image_with_the_same_text_is_kept_once(tmp_path: Path) -> None:
    found = [
        Post("a", png(1), "happy dog"),
        Post("b", png(2), "happy dog"),  # another image
        Post("c", png(1), "sad dog"),  # another text
        Post("d", png(1), " happy  dog http://t.co/x"),  # the same once cleaned
        Post("e", png(1), "happy dog"),
        Post("d", png(3), "an id that only a rejected post had"),
    ]
    text = {"urls": "remove", "whitespace": "collapse"}
    counts = store(found, tmp_path, text=text)
    assert counts["rejected_by_reason"] == {"duplicate_pair": 2}
    rows = pq.read_table(tmp_path / "pairs").to_pylist()
    assert [row["sample_id"] for row in rows] == ["a", "b", "c", "d"]
    assert pq.read_table(tmp_path / "pairs.parquet").to_pylist() == [
        {"source": "d", "reason": "duplicate_pair", "detail": "a"},
        {"source": "e", "reason": "duplicate_pair", "detail": "a"},
    ]


def test_texts_are_cleaned_and_the_original_is_kept(tmp_path: Path) -> None:
    found = [
        Post("a", png(1), "RT @me: so &amp; so #HappyDay\r\n"),
        Post("b", png(2), "@me http://t.co/x"),
        Post("c", png(3), "plain"),
        Post("d", png(4), "half \ud83d a pair\0"),
    ]
    text = {"html": "decode", "urls": "remove", "retweets": "remove", "mentions": "remove"}
    counts = store(found, tmp_path, text=text | {"hashtags": "split", "whitespace": "collapse"})
    assert (counts["cleaned_texts"], counts["rejected_by_reason"]) == (2, {"empty_after_cleaning": 1})
    rows = pq.read_table(tmp_path / "pairs").to_pylist()
    assert [(row["text"], row["original_text"]) for row in rows] == [
        ("so & so Happy Day", "RT @me: so &amp; so #HappyDay\r\n"),
        ("plain", "plain"),
        ("half a pair", "half \\ud83d a pair\\x00"),
    ]


def test_near_duplicates_name_the_earliest_pair(tmp_path: Path) -> None:
    def scene(seed: int, quality: int) -> bytes:
        stream = io.BytesIO()
        noise = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((64, 64), Image.Resampling.BICUBIC).save(
            stream, "JPEG", quality=quality
        )
        return stream.getvalue()

    found = [
        Post("a", scene(1, 95), "one"),
        Post("b", scene(2, 95), "two"),
        Post("c", scene(1, 40), "one, stored again"),
        Post("flat", png(1), "flat"),
        Post("d", scene(2, 95), "the very picture with another text"),
        Post("flat too", png(1), "flat too"),
    ]
    near = {"near_duplicates": {"distance": 4}}
    counts = store(found, tmp_path, **near)
    marks = pq.read_table(tmp_path / "pairs").to_pylist()
    assert counts["near_duplicates"] == 2
    assert {row["sample_id"]: row["near_duplicate_of"] for row in marks} == {
        "a": None,
        "b": None,
        "c": "a",
        "flat": None,
        "d": "b",
        "flat too": None,
    }
    store(found, tmp_path, "unmarked")
    assert pq.read_table(tmp_path / "unmarked")["near_duplicate_of"].null_count == 6
