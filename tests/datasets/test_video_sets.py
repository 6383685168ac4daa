"""Sets of video and of subjects as their records read and store them: columns, counts, splits by film."""

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from pacl_core.datasets import clip_frames, draft
from pacl_core.datasets.readers import Item, read_items
from pacl_core.datasets.record import DatasetRecord, load_record
from pacl_core.datasets.store import Storage, write_dataset
from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json
from pacl_core.files.tables import read_table
from pacl_core.media.boxes import BOXES_TYPE
from tests.paths import ROOT
from tests.published_trees import image, write_emotic
from tests.video_trees import (
    MOVIES,
    SLOW,
    film,
    write_bold,
    write_liris_accede,
    write_meld,
    write_moviegraphs,
)
from tests.videos import number_of

SIDE = 32


def record(name: str) -> DatasetRecord:
    return load_record(ROOT / "data" / "datasets" / f"{name}.yaml")


def store(name: str, tree: Path, tmp_path: Path, workers: int = 2) -> tuple[pa.Table, dict[str, Any]]:
    found = record(name)
    path = tmp_path / "stored" / f"{name}.parquet"
    scratch = tmp_path / f"scratch{workers}"
    scratch.mkdir()
    write_dataset(
        found, read_items(found, tree), path, storage=Storage(SIDE), workers=workers, scratch=scratch
    )
    return read_table(path), read_json(path.with_suffix(".json"))


def rejected(tmp_path: Path, name: str) -> dict[str, str]:
    table = read_table(tmp_path / "stored" / f"{name}_rejected.parquet")
    return dict(zip(table["source"].to_pylist(), table["reason"].to_pylist(), strict=True))


def numbers(frames: list[bytes]) -> list[int]:
    return [number_of(np.asarray(Image.open(io.BytesIO(jpeg)))) for jpeg in frames]


def test_meld(tmp_path: Path) -> None:
    table, description = store("meld", write_meld(tmp_path / "tree"), tmp_path)
    assert rejected(tmp_path, "meld") == {
        "train/dia125_utt3": "not_a_video",
        "train/dia309_utt0": "too_long",
        "dev_sent_emo.csv:2": "missing_video",
        "test/dia38_utt4": "too_long",
    }
    assert description["counts"]["items"] == {"train": 6, "val": 2, "test": 2}
    assert description["splits"] == "official" and description["frames"] == 8
    assert description["counts"]["subjects"] == {"shown": 0, "outside": 0, "none": 10}
    rows = {row["item_id"]: row for row in table.to_pylist()}
    whole, short = rows["train/dia0_utt0"], rows["train/dia0_utt1"]
    assert numbers(whole["frames"]) == [0, 2, 3, 5, 6, 8, 9, 11]
    assert whole["times"] == pytest.approx([place / 25 for place in (0, 2, 3, 5, 6, 8, 9, 11)], abs=1e-6)
    assert numbers(short["frames"]) == [0, 0, 0, 0, 1, 1, 1, 1]  # 2 frames
    assert whole["image"] == whole["frames"][4]
    assert whole["frame_boxes"] == [[]] * 8
    assert (whole["emotion"], whole["sentiment"]) == (0, 0)
    assert (short["emotion"], short["sentiment"]) == (1, 1)


def test_bold_splits_train_by_film(tmp_path: Path) -> None:
    table, description = store("bold", write_bold(tmp_path / "tree", films=12), tmp_path)
    assert description["splits"] == "val_of_train"
    assert description["counts"]["items"] == {"train": 36, "val": 4, "test": 8}
    splits: dict[str, set[str]] = {}
    for row in table.to_pylist():
        splits.setdefault(row["item_id"].rpartition("/")[0], set()).add(row["split"])
    assert all(len(found) == 1 for found in splits.values())
    assert description["counts"]["subjects"]["none"] == 0
    rows = {row["item_id"]: row for row in table.to_pylist()}
    first, second = (rows[f"003/film00.mp4/0000.mp4#{person}:3-9"] for person in (0, 1))
    assert first["frames_hash"] == second["frames_hash"] and first["frames"] == second["frames"]
    # 64 x 48 stored at 43 x 32; frames 0, 2, 3, 5 come before the second person
    scale = np.array([43 / 64, 32 / 48, 43 / 64, 32 / 48])
    assert [len(boxes) for boxes in first["frame_boxes"]] == [1] * 8
    assert [len(boxes) for boxes in second["frame_boxes"]] == [0] * 4 + [1] * 4
    for row, box in ((first, (8, 10, 20, 40)), (second, (28, 10, 40, 40))):
        (found,) = row["frame_boxes"][-1]
        edges = [found[edge] for edge in ("left", "top", "right", "bottom")]
        assert edges == pytest.approx((np.array(box) * scale).tolist(), abs=1e-4)
        assert found["score"] == 1
    assert first["valence"] == pytest.approx(0.5) and first["Peace"] == 1 and first["Engagement"] == 0


def test_moviegraphs_takes_what_a_short_film_has(tmp_path: Path) -> None:
    table, description = store("moviegraphs", write_moviegraphs(tmp_path / "tree"), tmp_path)
    assert rejected(tmp_path, "moviegraphs") == {
        "tt0388795/2": "past_end",
        "tt0388795/3": "past_end",
    }
    rows = {row["item_id"]: row for row in table.to_pylist()}
    assert {name: row["split"] for name, row in rows.items() if name.endswith("/0")} == {
        f"{movie}/0": split for movie, split in MOVIES.items()
    }
    assert numbers(rows["tt0000001/1"]["frames"]) == [5, 6, 8, 9, 10, 11, 13, 14]
    assert numbers(rows["tt0388795/1"]["frames"]) == [5, 6, 8, 9, 10, 11, 13, 14]
    assert set(numbers(rows["tt0000001/3"]["frames"])) == {20, 21, 22, 23, 24}
    assert description["counts"]["items"] == {"train": 8, "val": 2, "test": 4}


def test_liris_accede_keeps_films_apart_though_they_share_frames(tmp_path: Path) -> None:
    tree = write_liris_accede(tmp_path / "tree", films=(*range(12), 54, 65))
    for number in range(14):  # the same black and white film under every name
        if (path := tree / "data" / f"MEDIAEVAL18_{number:02}.mp4").exists():
            path.unlink()
            film(path, 25, form=SLOW)
    table, description = store("liris_accede", tree, tmp_path)
    assert Counter(rejected(tmp_path, "liris_accede").values()) == {"past_end": 14}  # second 3 of 2
    assert description["splits"] == "val_of_train"
    splits: dict[str, set[str]] = {}
    for row in table.to_pylist():
        splits.setdefault(row["item_id"].partition("@")[0], set()).add(row["split"])
    assert Counter(next(iter(found)) for found in splits.values()) == {"train": 11, "val": 1, "test": 2}
    assert all(len(found) == 1 for found in splits.values())
    rows = {row["item_id"]: row for row in table.to_pylist()}
    # half a second to each side, of which there are frames 7 to 18
    assert rows["MEDIAEVAL18_00@1"]["group"] == "MEDIAEVAL18_00" and "smooth" not in description
    assert numbers(rows["MEDIAEVAL18_00@1"]["frames"]) == [7, 9, 10, 12, 13, 15, 16, 18]
    assert rows["MEDIAEVAL18_00@1"]["valence"] == pytest.approx((-0.4 + 1) / 2)


def test_emotic_with_the_boxes_of_its_persons(tmp_path: Path) -> None:
    table, description = store("emotic_boxes", write_emotic(tmp_path / "tree"), tmp_path)
    plain, _ = store_plain(tmp_path)
    assert table.schema.field("frame_boxes").type == BOXES_TYPE
    assert table.drop_columns(["frame_boxes"]) == plain
    assert "frames" not in table.column_names and "frames" not in description
    boxes = dict(zip(table["item_id"].to_pylist(), table["frame_boxes"].to_pylist(), strict=True))
    (((first,), (second,))) = (boxes[f"emodb_small/images/train_1.jpg#{number}"] for number in (1, 2))
    assert first == [{"left": 4, "top": 5, "right": 20, "bottom": 30, "score": 1}]
    assert second == [{"left": 0, "top": 3, "right": 32, "bottom": 30, "score": 1}]
    counted = description["counts"]["subjects"]
    assert sum(counted.values()) == len(table) and counted["none"] == 0


def store_plain(tmp_path: Path) -> tuple[pa.Table, dict[str, Any]]:
    (tmp_path / "plain").mkdir()
    return store("emotic", tmp_path / "tree", tmp_path / "plain")


def test_workers_do_not_change_what_is_stored(tmp_path: Path) -> None:
    tree = write_moviegraphs(tmp_path / "tree")
    one, described = store("moviegraphs", tree, tmp_path, workers=1)
    many, again = store("moviegraphs", tree, tmp_path, workers=3)
    assert one == many and described == again


def test_a_run_that_was_killed_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = write_bold(tmp_path / "tree", films=12)
    whole, described = store("bold", tree, tmp_path)
    monkeypatch.setattr(draft, "PART", 5)
    found = record("bold")
    path, scratch = tmp_path / "again" / "bold.parquet", tmp_path / "again" / "scratch"
    scratch.mkdir(parents=True)

    def stored(items: Iterator[Any]) -> None:
        write_dataset(found, items, path, storage=Storage(SIDE), workers=1, scratch=scratch)

    def killed() -> Iterator[Any]:
        yield from islice(read_items(found, tree), 17)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stored(killed())
    parts = sorted((scratch / "bold").glob("part-*.json"))
    assert len(parts) >= 2 and not path.exists()
    decoded: list[Path] = []
    real = clip_frames.read_clips
    monkeypatch.setattr(
        clip_frames, "read_clips", lambda video, *rest: decoded.append(video) or real(video, *rest)
    )
    stored(read_items(found, tree))
    assert len(decoded) < 24  # two clips of each of 12 films
    assert read_table(path) == whole and read_json(path.with_suffix(".json")) == described


def test_a_box_outside_of_the_crop_is_counted(tmp_path: Path) -> None:
    wide = io.BytesIO()
    Image.new("RGB", (96, 32), "red").save(wide, "PNG")
    boxes = [(0, 0, 20, 30), (40, 0, 50, 30), None]
    items = [
        replace(emotic_item(wide.getvalue()), item_id=f"{split}{place}", split=split, subject=box)
        for split in ("train", "val", "test")
        for place, box in enumerate(boxes)
    ]
    store_items(record("emotic_boxes"), items, tmp_path)
    counted = read_json(tmp_path / "x.json")["counts"]["subjects"]
    assert counted == {"shown": 3, "outside": 3, "none": 3}


def test_clips_and_images_are_told_apart(tmp_path: Path) -> None:
    found = record("emotic_boxes")
    with pytest.raises(UserError, match="leave 'frames' out of its record"):
        store_items(found.model_copy(update={"frames": 4}), [emotic_item(image(1))], tmp_path / "a")
    film_items = list(read_items(record("moviegraphs"), write_moviegraphs(tmp_path / "tree")))
    with pytest.raises(UserError, match="'frames: 8'"):
        store_items(record("moviegraphs").model_copy(update={"frames": None}), film_items, tmp_path / "b")


def emotic_item(data: bytes) -> Item:
    return Item("a", data, {"valence": 1.0, "arousal": 1.0, "dominance": 1.0})


def store_items(found: DatasetRecord, items: list[Any], folder: Path) -> None:
    (folder / "scratch").mkdir(parents=True)
    write_dataset(
        found, items, folder / "x.parquet", storage=Storage(SIDE), workers=1, scratch=folder / "scratch"
    )
