"""Maps of the subject token's attention: which clips, which frames, and what a naive look at them gives."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from pacl_core.errors import UserError
from pacl_core.files.tables import write_table
from pacl_core.media.boxes import BOXES_TYPE
from pacl_core.methods.emotionclip.attention import (
    CLIPS,
    MAPS_SCHEMA,
    SHOWN_SCHEMA,
    attention_maps,
    chosen_clips,
    empty_maps,
    no_maps,
)
from pacl_core.methods.emotionclip.method import split
from pacl_core.models.video_text import VideoText, make_video_text
from pacl_core.params.video_text import SubjectKind, SubjectParams, TemporalParams
from tests.methods.emotionclip.made import made_clips, tiny_clip

ROWS = np.array([7, 2, 3])
NOBODY = 3  # its box has a low score


def model(folder: Path, kind: SubjectKind = "sap", frames: int = 4) -> VideoText:
    made = make_video_text(
        tiny_clip(folder), SubjectParams(kind=kind), TemporalParams(kind="mean"), frames=frames
    )
    for part in (made.clip.network, made.subject):
        part.eval()
    return made


def write_tables(folder: Path, **changed: Any) -> tuple[Path, Path]:
    """Twelve clips of six frames, each with a box."""
    made = made_clips()
    frames = [made.frames(row) for row in range(12)]
    boxes = [
        [
            [dict(zip(("left", "top", "right", "bottom"), one, strict=True), score=0.4 + (row != NOBODY))]
            for (one,) in (boxes.tolist() for boxes in frames[row].boxes)
        ]
        for row in range(12)
    ]
    ids = list(made.sample_ids)
    write_table(
        folder / "clips.parquet",
        pa.table({"sample_id": ids, "text": list(made.texts), "frames": [one.images for one in frames]}),
    )
    persons = pa.table({"sample_id": changed.get("ids", ids), "boxes": pa.array(boxes, BOXES_TYPE)})
    write_table(folder / "persons.parquet", persons)
    return folder / "clips.parquet", folder / "persons.parquet"


def found(folder: Path, made: VideoText) -> Any:
    return attention_maps(made, *write_tables(folder), rows=ROWS, box_score=0.5, device="cpu")


def test_a_row_for_each_layer_of_each_frame_and_what_is_on_the_subject(tmp_path: Path) -> None:
    """CLIP of 32 pixels in four patches of 16; frames of 48 x 40 become 38 x 32, of which 3 to 35 is seen."""
    maps = found(tmp_path, model(tmp_path / "clip")).maps
    assert maps.schema == MAPS_SCHEMA
    rows = maps.to_pylist()
    ids = made_clips().sample_ids
    assert [(one["sample_id"], one["frame"], one["layer"]) for one in rows] == [
        (ids[row], frame, layer) for row in ROWS for frame in (0, 2, 3, 5) for layer in (1, 2)
    ]
    for one in rows:
        way = (1, 0) if one["sample_id"].endswith("right") else (0, 1)
        left, top = (4 + 5 * one["frame"] * part for part in way)
        sides = [0.8 * left - 3, 0.8 * top, 0.8 * (left + 12) - 3, 0.8 * (top + 12)]
        on = [
            sides[0] < 16 * (x + 1) and sides[2] > 16 * x and sides[1] < 16 * (y + 1) and sides[3] > 16 * y
            for y in range(2)
            for x in range(2)
        ]
        if one["sample_id"] == ids[NOBODY]:
            on = [False] * 4
        assert one["share_of_patches"] == sum(on) / 4
        assert one["on_subject"] == pytest.approx(sum(np.array(one["map"])[on]), abs=1e-6)
        assert 0 < sum(one["map"]) < 1  # some goes to the class token and to itself


def test_frames_are_shown_with_their_boxes_as_the_model_sees_them(tmp_path: Path) -> None:
    shown = found(tmp_path, model(tmp_path / "clip")).shown
    assert shown.schema == SHOWN_SCHEMA
    first, second = shown.to_pylist()
    made = made_clips()
    assert [one["sample_id"] for one in (first, second)] == [made.sample_ids[7], made.sample_ids[2]]
    assert (first["text"], first["frame"]) == (made.texts[7], 3)
    with Image.open(io.BytesIO(second["image"])) as image:
        assert image.size == (32, 32)
        ((left, top, right, bottom),) = second["boxes"]
        pixel = image.convert("RGB").getpixel((int((left + right) / 2), int((top + bottom) / 2)))
    assert made.sample_ids[2].startswith("green")
    assert isinstance(pixel, tuple) and pixel[1] > 90 > max(pixel[0], pixel[2])


def test_a_clip_of_few_frames_is_not_looked_at_twice(tmp_path: Path) -> None:
    frames = found(tmp_path, model(tmp_path / "clip", frames=8)).maps["frame"].to_pylist()
    assert frames == [frame for _ in ROWS for frame in range(6) for _ in range(2)]


def test_held_out_clips_come_first(tmp_path: Path) -> None:
    kept = np.arange(300) % 3 > 0
    write_table(tmp_path / "s.parquet", pa.table({"kept": kept}))
    trained, held = split(200, 30, seed=5)
    chosen = chosen_clips(tmp_path / "s.parquet", holdout=30, seed=5)
    own = np.flatnonzero(kept)
    assert chosen.rows.tolist() == [*own[held], *own[trained][: CLIPS - 30]] and chosen.held_out == 30
    assert chosen_clips(tmp_path / "s.parquet", holdout=90, seed=5).held_out == len(chosen.rows) == CLIPS


def test_what_has_no_maps_says_why(tmp_path: Path) -> None:
    assert no_maps(model(tmp_path)) is None and no_maps(model(tmp_path, "saam")) is None
    assert no_maps(model(tmp_path, "none")) == (
        "subject.kind: none has no subject token, so no attention of it"
    )
    assert (len(empty_maps().maps), len(empty_maps().shown)) == (0, 0)


def test_tables_of_different_runs_are_refused(tmp_path: Path) -> None:
    tables = write_tables(tmp_path, ids=[f"other {row}" for row in range(12)])
    with pytest.raises(UserError, match=r"clips\.parquet, .*persons\.parquet: of different runs"):
        attention_maps(model(tmp_path / "clip"), *tables, rows=ROWS, box_score=0.5, device="cpu")
