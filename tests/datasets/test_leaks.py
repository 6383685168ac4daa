"""Leaks between pairs and test images, against a loop over all of both."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pacl_core.datasets import leaks
from pacl_core.datasets.leaks import find_leaks, leak_counts, leaked_items
from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json
from pacl_core.methods.params import load
from stages import leaks as stage
from tests.paths import ROOT

Row = tuple[str, str, int]  # id, pixel hash, perceptual hash


def search(folder: Path, pairs: Path, dataset: Path, distance: int) -> pa.Table:
    """`find_leaks` in a scratch folder of its own."""
    return find_leaks(pairs, dataset, distance, work=Path(tempfile.mkdtemp(dir=folder)))


def pairs(folder: Path, rows: list[Row], parts: int = 2) -> Path:
    folder.mkdir()
    for part in range(parts):
        ids, pixels, hashes = zip(*rows[part::parts], strict=True)
        table = {"sample_id": ids, "pixel_hash": pixels, "perceptual_hash": pa.array(hashes, pa.uint64())}
        pq.write_table(pa.table(table), folder / f"part-{part}.parquet")
    return folder


def dataset(path: Path, rows: list[Row], split: list[str] | None = None) -> Path:
    ids, pixels, hashes = zip(*rows, strict=True)
    table = {
        "item_id": ids,
        "split": split or ["test"] * len(rows),
        "pixel_hash": pixels,
        "perceptual_hash": pa.array(hashes, pa.uint64()),
    }
    pq.write_table(pa.table(table), path)
    return path


def listed(table: pa.Table) -> list[tuple[str, str, str, int]]:
    return [tuple(row.values()) for row in table.to_pylist()]  # type: ignore[misc]


def test_exact_near_and_neither(tmp_path: Path) -> None:
    base = 0xF0F0_1234_5678_9ABC
    found = search(
        tmp_path,
        pairs(
            tmp_path / "pairs",
            [("p", "same", base), ("q", "other", base ^ 0b111), ("r", "far", ~base % 2**64)],
        ),
        dataset(
            tmp_path / "t.parquet", [("a", "same", base), ("b", "b", base ^ 0b1111), ("c", "c", base ^ 0xFF)]
        ),
        distance=4,
    )
    assert listed(found) == [
        ("a", "p", "exact", 0),
        ("a", "q", "near", 3),
        ("b", "q", "near", 1),
        ("b", "p", "near", 4),
    ]
    assert leak_counts(found, 3, 4) == {"test_items": 3, "exact_items": 1, "near_items": 1, "distance": 4}


def test_only_the_test_split_and_only_structured_images(tmp_path: Path) -> None:
    items = [("train", "x", 7), ("flat", "y", 0), ("flat, same pixels", "x", 0)]
    found = search(
        tmp_path,
        pairs(tmp_path / "pairs", [("p", "x", 0), ("q", "z", 0)]),
        dataset(tmp_path / "t.parquet", items, ["train", "test", "test"]),
        distance=8,
    )
    assert listed(found) == [("flat, same pixels", "p", "exact", 0)]


@pytest.mark.parametrize("block", [7, 65_536])
def test_agrees_with_a_loop_whatever_the_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(leaks, "_BLOCK", block)
    generator = np.random.default_rng(1)
    few = [int(value) for value in generator.integers(1, 2**64, 6, dtype=np.uint64)]

    def rows(prefix: str, count: int) -> list[Row]:
        """Copies of few images with up to five bits flipped, or none: then the pixels are the same."""
        made = []
        for number in range(count):
            which, flips = int(generator.integers(6)), int(generator.integers(6))
            bits = generator.choice(64, flips, replace=False)
            value = few[which] ^ sum(1 << int(bit) for bit in bits)
            made.append((f"{prefix}{number:02}", f"{value}" if flips else f"few{which}", value))
        return made

    stored, test = rows("p", 60), rows("t", 20)
    found = search(tmp_path, pairs(tmp_path / "pairs", stored, 1), dataset(tmp_path / "t.parquet", test), 4)
    expected: dict[str, list[tuple[int, int]]] = {}
    for item, pixels, value in test:
        near = [
            (int(pixels != other_pixels), (value ^ other).bit_count()) for _, other_pixels, other in stored
        ]
        expected[item] = sorted(one for one in near if one[1] <= 4)[:5]
    assert any(len(of_item) == 5 for of_item in expected.values())
    got: dict[str, list[tuple[int, int]]] = {item: [] for item, _, _ in test}
    hash_of = {name: value for name, _, value in stored}
    test_hash = {name: value for name, _, value in test}
    for item, sample, kind, distance in listed(found):
        assert (test_hash[item] ^ hash_of[sample]).bit_count() == distance
        got[item].append((int(kind == "near"), distance))
    assert got == expected
    assert len({row[:2] for row in listed(found)}) == found.num_rows  # no pair twice


def test_a_placeholder_on_both_sides_lists_no_more_than_five_each(tmp_path: Path) -> None:
    found = search(
        tmp_path,
        pairs(tmp_path / "pairs", [(f"p{n:03}", "gone", 5) for n in range(300)], 1),
        dataset(tmp_path / "t.parquet", [(f"t{n}", "gone", 5) for n in range(30)]),
        distance=0,
    )
    assert found.num_rows == 150
    assert [row[1] for row in listed(found)[:5]] == [f"p{n:03}" for n in range(5)]


def test_which_items_leak(tmp_path: Path) -> None:
    rows = [("a", "p", "exact", 0), ("a", "q", "near", 2), ("b", "q", "near", 3)]
    columns = dict(zip(leaks.SCHEMA.names, zip(*rows, strict=True), strict=True))
    pq.write_table(pa.table(columns, schema=leaks.SCHEMA), tmp_path / "leaks.parquet")
    assert leaked_items(tmp_path / "leaks.parquet", "exact") == {"a"}
    assert leaked_items(tmp_path / "leaks.parquet", "near") == {"a", "b"}
    assert leaked_items(tmp_path / "absent.parquet", "none") == set()
    with pytest.raises(UserError, match="missing"):
        leaked_items(tmp_path / "absent.parquet", "exact")


def test_tables_without_hashes_are_named(tmp_path: Path) -> None:
    test = dataset(tmp_path / "t.parquet", [("a", "x", 1)])
    (tmp_path / "pairs").mkdir()
    pq.write_table(pa.table({"sample_id": ["p"], "pixel_hash": ["x"]}), tmp_path / "pairs/part-0.parquet")
    with pytest.raises(UserError, match="pairs: written without perceptual hashes; run 'dvc repro pairs'"):
        search(tmp_path, tmp_path / "pairs", test, 4)
    old = tmp_path / "old.parquet"
    pq.write_table(pq.read_table(test).drop_columns("perceptual_hash"), old)
    with pytest.raises(UserError, match=r"old\.parquet.*perceptual_hash"):
        search(tmp_path, tmp_path / "pairs", old, 4)


def test_the_stage_writes_its_outs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = load(ROOT / "params.yaml")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/downstream").mkdir(parents=True)
    pairs(tmp_path / "data/pairs", [("p", "same", 5), ("q", "q", 2**63)])
    dataset(tmp_path / "data/downstream/emoji_sentiment.parquet", [("a", "same", 5), ("b", "b", 2**40)])
    monkeypatch.setattr("sys.argv", ["leaks", "emoji_sentiment"])
    stage.main(params)
    assert read_json(tmp_path / "metrics/leaks/emoji_sentiment.json") == {
        "test_items": 2, "exact_items": 1, "near_items": 1, "distance": params.leaks.distance,
    }  # fmt: skip
    assert leaked_items(tmp_path / "data/leaks/emoji_sentiment.parquet", "near") == {"a", "b"}

    monkeypatch.setattr("sys.argv", ["leaks", "emoji_sentimen"])
    with pytest.raises(UserError, match=r"emoji_sentimen\.parquet: missing"):
        stage.main(params)


def test_the_stage_looks_among_clips_where_these_are_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = load(ROOT / "presets/emotionclip-embedded.yaml")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/downstream").mkdir(parents=True)
    (tmp_path / "data/clips").mkdir()
    pairs(tmp_path / "data/pairs", [("p", "other", 1), ("q", "q", 2**63)])
    pairs(tmp_path / "data/clips/rendered", [("c", "same", 5), ("d", "d", 2**62)])
    dataset(tmp_path / "data/downstream/rendered_faces.parquet", [("a", "same", 5), ("b", "other", 2**40)])
    monkeypatch.setattr("sys.argv", ["leaks", "rendered_faces"])
    stage.main(params)
    assert leaked_items(tmp_path / "data/leaks/rendered_faces.parquet", "exact") == {"a"}


def test_the_stage_looks_among_the_images_of_a_pretext_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = load(ROOT / "presets/feng-embedded.yaml")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/downstream").mkdir(parents=True)
    (tmp_path / "data/pretext").mkdir()
    pairs(tmp_path / "data/pairs", [("p", "other", 1)], parts=1)
    shown = [("c", "same", 5), ("d", "d", 15 * 2**60)]
    dataset(tmp_path / "data/pretext/emoji_scenes.parquet", shown)
    dataset(tmp_path / "data/downstream/emoji_sentiment.parquet", [("a", "same", 5), ("b", "other", 2**40)])
    monkeypatch.setattr("sys.argv", ["leaks", "emoji_sentiment"])
    stage.main(params)
    found = pq.read_table(tmp_path / "data/leaks/emoji_sentiment.parquet")
    assert listed(found) == [("a", "c", "exact", 0)]


def test_a_stopped_search_resumes_after_what_it_had_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stored = pairs(tmp_path / "pairs", [(f"p{n:03}", f"h{n % 7}", n % 50) for n in range(200)])
    test = dataset(tmp_path / "t.parquet", [(f"t{n}", f"h{n}", n) for n in range(10)])
    monkeypatch.setattr(leaks, "_BLOCK", 30)
    undisturbed = search(tmp_path, stored, test, 2)
    monkeypatch.setattr(leaks, "KEEP_SECONDS", 0.0)
    real, blocks = leaks._near, []

    def stopped(block, *others, **options):
        blocks.append(block)
        if len(blocks) == 5:
            raise InterruptedError
        return real(block, *others, **options)

    monkeypatch.setattr(leaks, "_near", stopped)
    (tmp_path / "work").mkdir()
    with pytest.raises(InterruptedError):
        find_leaks(stored, test, 2, work=tmp_path / "work")
    with caplog.at_level("INFO"):
        assert find_leaks(stored, test, 2, work=tmp_path / "work") == undisturbed
    assert "continuing after 120 of 200" in caplog.text
    assert len(blocks) == 5 + 3  # the last 80 pairs
