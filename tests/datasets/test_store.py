"""A data set through both passes: what is stored, what is refused, and how it is told."""

import dataclasses
import hashlib
import io
import json
import logging
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pacl_core.datasets import draft
from pacl_core.datasets.readers import Item
from pacl_core.datasets.record import DatasetRecord
from pacl_core.datasets.store import Storage, write_dataset
from pacl_core.datasets.tasks import read_tasks, targets
from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json
from pacl_core.media import images as normalising
from pacl_core.media.images import normalise_image
from pacl_core.media.rejects import Rejected

RECORD = DatasetRecord.model_validate(
    {
        "reader": "none",
        "tasks": {
            "polarity": {
                "kind": "single_label",
                "column": "emotion",
                "classes": ["-", "+"],
                "of": {"fear": "-", "joy": "+", "awe": "+"},
            },
            "emotion": {"kind": "single_label", "column": "emotion", "classes": ["fear", "joy", "awe"]},
            "both": {"kind": "hierarchical", "levels": ["polarity", "emotion"]},
            "ratings": {"kind": "regression", "columns": ["v", "a"], "scale": [1, 9]},
        },
        "source": "made up",
        "licence": "none",
        "citation": "nobody",
    }
)


def image(number: int) -> bytes:
    """A PNG that differs with the number."""
    stream = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def item(number: int, emotion: str | None, split: str | None = None, **given: Any) -> Item:
    return Item(
        given.pop("item_id", f"item{number:03}"),
        given.pop("image", None) or image(number),
        {"emotion": emotion, **given.pop("values", {})},
        split,
        **given,
    )


def new_scratch(tmp_path: Path) -> Path:
    """Another one for each call, as other items have another key."""
    return Path(tempfile.mkdtemp(prefix="scratch", dir=tmp_path))


def write(tmp_path: Path, items: Iterable[Item | Rejected], workers: int = 1) -> dict[str, Any]:
    path, scratch = tmp_path / "out/made.parquet", new_scratch(tmp_path)
    return write_dataset(RECORD, items, path, storage=Storage(16), workers=workers, scratch=scratch)


def thirty() -> list[Item | Rejected]:
    return [item(number, ("fear", "joy", "awe")[number % 3]) for number in range(30)]


def official() -> list[Item | Rejected]:
    names = ("train", "val", "test")
    return [item(3 * n + k, ("fear", "joy", "awe")[k], names[n]) for n in range(3) for k in range(3)]


def rejected(tmp_path: Path) -> list[tuple[str, str, str]]:
    table = pq.read_table(tmp_path / "out/made_rejected.parquet").to_pylist()
    return [(row["source"], row["reason"], row["detail"]) for row in table]


def folded(tmp_path: Path, items: list[Item | Rejected], folds: int) -> tuple[dict[str, Any], pa.Table]:
    path = tmp_path / "out/made.parquet"
    described = write_dataset(
        RECORD, items, path, storage=Storage(16, folds), workers=1, scratch=new_scratch(tmp_path)
    )
    return described, pq.read_table(path)


def test_a_set_without_splits_has_folds_next_to_ours(tmp_path: Path) -> None:
    plain = write(tmp_path, thirty())
    assert plain["counts"]["folds"] == []
    without = pq.read_table(tmp_path / "out/made.parquet")
    assert without["fold"].null_count == without["val_of"].null_count == 30
    described, table = folded(tmp_path, thirty(), 5)
    assert described["counts"].pop("folds") == [6] * 5
    del plain["counts"]["folds"]
    assert described == plain
    assert table.drop(["fold", "val_of"]) == without.drop(["fold", "val_of"])
    both = Counter(zip(table["fold"].to_pylist(), table["emotion"].to_pylist(), strict=True))
    assert both == {(fold, emotion): 2 for fold in range(5) for emotion in range(3)}
    assert Counter(table["val_of"].drop_null().to_pylist()) == dict.fromkeys(range(5), 3)


def test_official_splits_have_no_folds(tmp_path: Path) -> None:
    described, table = folded(tmp_path, official(), 5)
    assert described["counts"]["folds"] == []
    assert table["fold"].null_count == table["val_of"].null_count == 9


def test_too_few_images_for_folds_name_the_data_set(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^made: 30 different images are too few for 16 folds; .* to 15 or"):
        folded(tmp_path, thirty(), 16)
    assert not (tmp_path / "out/made.parquet").exists()


def test_a_set_without_splits_is_stored_with_ours(tmp_path: Path) -> None:
    described = write(tmp_path, thirty())
    table = pq.read_table(tmp_path / "out/made.parquet")
    assert table.column_names == [
        *("item_id", "image", "split", "fold", "val_of", "pixel_hash", "perceptual_hash"),
        *("polarity", "emotion", "v", "a"),
    ]
    assert described["splits"] == "ours"
    assert described["counts"]["items"] == {"train": 24, "val": 3, "test": 3}
    assert described["counts"]["classes"]["emotion"] == {
        "train": [8, 8, 8], "val": [1, 1, 1], "test": [1, 1, 1],
    }  # fmt: skip
    assert described["counts"]["targets"]["both"] == {"train": 24, "val": 3, "test": 3}
    assert described["counts"]["targets"]["ratings"] == {"train": 0, "val": 0, "test": 0}
    rows = table.to_pylist()
    assert [row["item_id"] for row in rows] == [f"item{number:03}" for number in range(30)]
    expected = normalise_image(image(7), 16)
    assert (rows[7]["image"], rows[7]["pixel_hash"]) == (expected.jpeg, expected.pixel_hash)
    assert rows[7]["perceptual_hash"] == expected.perceptual_hash
    assert read_json(tmp_path / "out/made.json") == json.loads(json.dumps(described))


def test_the_tasks_read_back_what_was_written(tmp_path: Path) -> None:
    items = thirty()
    items[4] = item(4, "awe", values={"v": 5.0, "a": 9.0})
    write(tmp_path, items)
    table = pq.read_table(tmp_path / "out/made.parquet")
    ids = table["item_id"].to_pylist()
    by_name = {task.name: task for task in read_tasks(tmp_path / "out/made.json")}
    assert targets(by_name["both"], table, ids)[:5].tolist() == [[0, 0], [1, 1], [1, 2], [0, 0], [1, 2]]
    ratings = targets(by_name["ratings"], table, ids)
    assert ratings[4].tolist() == [0.5, 1.0] and np.isnan(ratings[3]).all()


@pytest.mark.parametrize("workers", [1, 3])
def test_the_same_items_give_the_same_bytes(tmp_path: Path, workers: int) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    write(tmp_path / "a", thirty())
    write(tmp_path / "b", thirty(), workers)
    for name in ("made.parquet", "made.json", "made_rejected.parquet"):
        assert (tmp_path / "a/out" / name).read_bytes() == (tmp_path / "b/out" / name).read_bytes()


def test_order_and_splits_hold_over_row_groups(tmp_path: Path) -> None:
    many: list[Item | Rejected] = [item(number, "joy", image=image(number % 290)) for number in range(600)]
    many[100] = item(100, "bliss")
    write(tmp_path, many)
    rows = pq.read_table(tmp_path / "out/made.parquet", columns=["item_id", "split", "pixel_hash"])
    assert rows["item_id"].to_pylist() == [f"item{n:03}" for n in range(600) if n != 100]
    split_of: dict[str, set[str]] = {}
    for row in rows.to_pylist():
        split_of.setdefault(row["pixel_hash"], set()).add(row["split"])
    assert len(split_of) == 290 and all(len(names) == 1 for names in split_of.values())


def test_what_cannot_be_used_is_counted_and_listed(tmp_path: Path) -> None:
    bad: list[Item | Rejected] = [
        item(10, "bliss", "train"),
        item(11, None, "train"),
        item(12, "joy", "train", image=b"<html>"),
        item(13, "joy", "dev"),
        item(14, "joy"),
        item(0, "joy", "train"),
        item(15, "joy", "train", box=(9, 9, 30, 30)),
        Rejected("x.jpg", "missing_image", "no file"),
        item(16, "joy", "train", values={"v": 0.5, "a": 5.0}),  # used, but for its ratings
    ]
    described = write(tmp_path, [*official(), *bad])
    assert described["counts"]["items"] == {"train": 4, "val": 3, "test": 3}
    assert described["counts"]["rejected_by_reason"] == {
        "duplicate_id": 1,
        "empty_box": 1,
        "missing_image": 1,
        "no_split": 1,
        "no_target": 1,
        "unknown_label": 1,
        "unknown_split": 1,
        "web_page": 1,
    }
    assert described["counts"]["targets_rejected"] == {"ratings": {"out_of_scale": 1}}
    listed = rejected(tmp_path)
    assert ("item010", "unknown_label", "task 'polarity': 'bliss'") in listed
    assert ("item016", "out_of_scale", "task 'ratings': v is 0.5, outside 1 to 9") in listed
    assert len(listed) == 9


def test_placeholders_are_dropped_and_counted(tmp_path: Path) -> None:
    gone = [item(n, ("fear", "awe")[n % 2], image=image(999)) for n in range(40, 46)]
    persons = [item(n, ("fear", "awe")[n % 2], image=image(50), image_name="crowd") for n in (50, 51)]
    described = write(tmp_path, [*thirty(), *gone, *persons])
    assert described["counts"]["placeholders"] == 6
    assert described["counts"]["rejected_by_reason"] == {"placeholder": 6}
    assert {row[0] for row in rejected(tmp_path)} == {f"item{n:03}" for n in range(40, 46)}
    assert sum(described["counts"]["items"].values()) == 32

    keeping = RECORD.model_copy(update={"placeholders": "keep"})
    path, scratch = tmp_path / "made.parquet", new_scratch(tmp_path)
    kept = write_dataset(keeping, [*thirty(), *gone], path, storage=Storage(16), workers=1, scratch=scratch)
    assert sum(kept["counts"]["items"].values()) == 36 and kept["counts"]["placeholders"] == 0


def test_a_box_is_what_is_stored(tmp_path: Path) -> None:
    items = official()
    items[0] = item(0, "fear", "train", box=(0, 0, 4, 6))
    write(tmp_path, items)
    first = pq.read_table(tmp_path / "out/made.parquet")["image"][0].as_py()
    assert Image.open(io.BytesIO(first)).size == (4, 6)


def test_duplicates_across_official_splits_stay_and_are_counted(tmp_path: Path) -> None:
    copies = [item(60, "awe", "train", image=image(8)), item(61, "joy", "val", image=image(7))]
    described = write(tmp_path, [*official(), *copies])
    assert described["splits"] == "official"
    assert described["counts"]["duplicates_across_splits"] == 2
    assert described["counts"]["items"] == {"train": 4, "val": 4, "test": 3}


def test_an_empty_class_in_a_split_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    items = [one for one in official() if not (isinstance(one, Item) and one.item_id == "item008")]
    with caplog.at_level(logging.WARNING, logger="pacl"):
        described = write(tmp_path, items)
    assert described["counts"]["classes"]["emotion"]["test"] == [1, 1, 0]
    assert caplog.messages == ["made: task 'emotion': no item of awe in split 'test'"]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (official()[:6], r"no usable item in split test, of 6 usable; check downstream\.made\.path"),
        ([], "no usable item in split train, val, test, of 0 usable; check"),
        ([Rejected("x", "missing_image", "-")], "of 0 usable; rejected: missing_image 1; check"),
    ],
)
def test_an_empty_split_is_refused_and_leaves_nothing(
    tmp_path: Path, items: list[Item | Rejected], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        write(tmp_path, items)
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_stopped_run_resumes_after_its_last_whole_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Refused items and targets, duplicates across parts and the order of all come out the same."""
    monkeypatch.setattr(draft, "PART", 7)
    given: list[Item | Rejected] = [
        *thirty(),
        item(3, "fear"),  # a duplicate id, parts later
        item(40, "joy", values={"v": 99, "a": 1}),
        Rejected("who\udcff", "unreadable", "a name that is no text"),
        item(41, "awe", image=b"<html>"),
        item(42, "joy", values={"v": 2, "a": 8}),
    ]
    (tmp_path / "undisturbed").mkdir()
    write(tmp_path / "undisturbed", given)

    def stopped() -> Iterator[Item | Rejected]:
        yield from given[:33]
        raise InterruptedError

    (tmp_path / "stopped").mkdir()
    path, scratch = tmp_path / "stopped/out/made.parquet", new_scratch(tmp_path / "stopped")
    with pytest.raises(InterruptedError):
        write_dataset(RECORD, stopped(), path, storage=Storage(16), workers=1, scratch=scratch)
    assert not path.exists()
    decoded: list[bytes] = []
    real = normalising.normalise_image

    def counted(data: bytes, *others: Any) -> Any:
        decoded.append(data)
        return real(data, *others)

    monkeypatch.setattr(normalising, "normalise_image", counted)
    with caplog.at_level(logging.INFO):
        write_dataset(RECORD, iter(given), path, storage=Storage(16), workers=1, scratch=scratch)
    assert "made: continuing after 28" in caplog.text
    assert len(decoded) <= len(given) - 28
    for file in ("made.parquet", "made.json", "made_rejected.parquet"):
        expected = (tmp_path / "undisturbed/out" / file).read_bytes()
        assert (tmp_path / "stopped/out" / file).read_bytes() == expected


def splits_of(tmp_path: Path, items: list[Item | Rejected], image_size: int = 16) -> dict[str, str]:
    path = new_scratch(tmp_path) / "made.parquet"
    write_dataset(RECORD, items, path, storage=Storage(image_size), workers=1, scratch=new_scratch(tmp_path))
    rows = pq.read_table(path, columns=["item_id", "split"]).to_pylist()
    return {row["item_id"]: row["split"] for row in rows}


def test_our_splits_hang_on_the_published_files_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither `image_size`, nor a decoder whose pixels differ, nor names move an item."""

    def large(number: int) -> bytes:
        stream = io.BytesIO()
        pixels = np.random.default_rng(number).integers(0, 256, (48, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(stream, "JPEG")
        return stream.getvalue()

    given: list[Item | Rejected] = [
        item(number, ("fear", "joy", "awe")[number % 3], image=large(number)) for number in range(120)
    ]
    expected = splits_of(tmp_path, given, 16)
    assert splits_of(tmp_path, given, 24) == splits_of(tmp_path, given, 100) == expected
    real = normalising.normalise_image

    def another(data: bytes, *others: Any) -> Any:
        found = real(data, *others)
        return dataclasses.replace(found, pixel_hash=found.pixel_hash[::-1])

    monkeypatch.setattr(normalising, "normalise_image", another)
    assert splits_of(tmp_path, given) == expected
    renamed: list[Item | Rejected] = [
        dataclasses.replace(one, item_id=one.item_id[::-1]) for one in given if isinstance(one, Item)
    ]
    assert splits_of(tmp_path, renamed) == {name[::-1]: split for name, split in expected.items()}


def test_boxes_of_one_file_have_hashes_of_their_own() -> None:
    whole, left, right = item(1, "joy"), item(1, "joy", box=(0, 0, 4, 8)), item(1, "joy", box=(4, 0, 8, 8))
    assert draft.file_hash(whole) == hashlib.sha256(image(1)).hexdigest()
    assert len({draft.file_hash(one) for one in (whole, left, right)}) == 3
    assert draft.file_hash(left) == draft.file_hash(item(1, "fear", item_id="other", box=(0, 0, 4, 8)))
