import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pacl_core.errors import UserError
from pacl_core.files.tables import write_table
from pacl_core.methods.feng.stored import PretextSet, stored_set
from tests.published_trees import image

TASKS = [
    {"name": "scene", "kind": "single_label", "columns": ["scene"], "classes": ["bar", "beach"]},
    {"name": "caption", "kind": "caption", "columns": ["said"], "classes": None},
    {"name": "mood", "kind": "regression", "columns": ["v"], "classes": None},
]


def write(folder: Path, tasks: list[dict[str, object]] = TASKS) -> Path:
    columns = {
        "item_id": ["a", "b", "c"],
        "image": [image(number) for number in range(3)],
        "split": ["train", "val", "train"],
        "scene": [1, 0, None],
        "said": ["A bar.", None, "beach"],
        "v": [0.0, 0.5, 1.0],
    }
    path = folder / "made.parquet"
    write_table(path, pa.table(columns))
    path.with_suffix(".json").write_text(json.dumps({"tasks": tasks}))
    return path


def test_a_stored_set_has_images_labels_and_captions(tmp_path: Path) -> None:
    path = write(tmp_path)
    for _ in range(2):  # the second finds the images unpacked
        found = stored_set(path, tmp_path / "work")
        assert found.name == "made" and found.sample_ids == ["a", "b", "c"]
        assert found.image(1).mode == "RGB" and found.image(0).tobytes() != found.image(1).tobytes()
        assert found.rows("train").tolist() == [0, 2] and found.rows("test").tolist() == []
        assert found.labels_of("scene").targets.tolist() == [1, 0, -1]
        assert found.labels_of("anp") == found.labels_of("scene")  # it is the only one
        assert found.captions_of() == ["A bar.", "", "beach"]
    (tmp_path / "work/made/images.bin").write_bytes(b"")
    with pytest.raises(ValueError):
        stored_set(path, tmp_path / "work")


def test_what_a_set_lacks_is_one_line(tmp_path: Path) -> None:
    bare = stored_set(write(tmp_path, TASKS[2:]), tmp_path / "work")
    for ask in (lambda: bare.labels_of("scene"), bare.captions_of):
        with pytest.raises(UserError, match="pretext set 'made'"):
            ask()
    two = PretextSet(
        "made",
        [],
        image=bare.image,
        splits=np.array([], np.str_),
        labels={
            name: stored_set(write(tmp_path), tmp_path / "work").labels["scene"] for name in ("one", "other")
        },
    )
    with pytest.raises(UserError, match="but it has: one, other"):
        two.labels_of("scene")


def test_a_missing_or_damaged_description_is_one_line(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.with_suffix(".json").write_text("{}")
    with pytest.raises(UserError, match="dvc repro pretext_set@made"):
        stored_set(path, tmp_path)
    path.with_suffix(".json").unlink()
    with pytest.raises(UserError, match=r"made\.json: missing"):
        stored_set(path, tmp_path)
