"""The records of data/datasets on trees in the published layout."""

from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from pacl_core.datasets.readers import Item, class_folders, manifest
from pacl_core.datasets.record import DatasetRecord, load_record, record_tasks
from pacl_core.datasets.tasks import Task
from pacl_core.media.rejects import Rejected
from tests.paths import ROOT
from tests.published_trees import EIGHT, SIX, WEBEMO, WRITERS, image, put

RECORDS = ROOT / "data" / "datasets"
# items that the trees hold, and rejections by reason
EXPECTED: dict[str, tuple[int, dict[str, int]]] = {
    "abstract": (30, {}),
    "artphoto": (32, {}),
    "emoset": (8 * 4 + 8 * 1 + 8 * 2, {}),
    "emotic": (27, {}),
    "emotic_boxes": (27, {}),
    "emotic_person": (27, {}),
    "emotion6_panda": (28, {}),
    "emotion6_peng": (30, {}),
    "fi": (48, {"other_file": 2}),
    "iaps": (30, {"missing_image": 1, "repeated_rating": 1}),
    "oasis": (30, {}),
    "unbiasedemo": (24, {}),
    "webemo": (150, {"malformed_row": 2, "missing_image": 2, "unknown_label": 2}),
}


def record(name: str) -> DatasetRecord:
    return load_record(RECORDS / f"{name}.yaml")


def tasks(name: str) -> dict[str, Task]:
    return {task.name: task for task in record_tasks(record(name))}


def read(name: str, path: Path) -> list[Item | Rejected]:
    reader = import_module(f"pacl_core.datasets.readers.{record(name).reader}")
    return list(reader.read(path, reader.Options.model_validate(record(name).options)))


@pytest.mark.parametrize("name", EXPECTED)
def test_published_trees_are_read(tmp_path: Path, name: str) -> None:
    found = read(name, WRITERS[name](tmp_path))
    items = [one for one in found if isinstance(one, Item)]
    reasons = Counter(one.reason for one in found if isinstance(one, Rejected))
    assert (len(items), dict(reasons)) == EXPECTED[name]
    assert len({item.item_id for item in items}) == len(items)
    assert len({item.split is None for item in items}) == 1


@pytest.mark.parametrize("name", EXPECTED)
def test_every_task_finds_its_values(tmp_path: Path, name: str) -> None:
    items = [one for one in read(name, WRITERS[name](tmp_path)) if isinstance(one, Item)]
    for task in record(name).tasks.values():
        for item in items:
            if task.kind == "single_label":
                label = str(item.values[task.column or ""])
                # what is misplaced in anger is not a class of Emotion-6 as PACL uses it
                assert (task.class_of(label) in (task.classes or ())) == (
                    label != "disgust" or name != "emotion6_panda"
                )
            else:
                assert set(task.columns or ()) <= item.values.keys()


def test_fi_at_both_levels() -> None:
    found = tasks("fi")
    assert found["emotion"].classes == EIGHT
    assert found["polarity"].classes == ("negative", "positive")
    positive = {"amusement", "awe", "contentment", "excitement"}
    assert found["emotion"].polarity == tuple(int(label in positive) for label in EIGHT)


def test_webemo_has_its_published_hierarchy() -> None:
    found = tasks("webemo")
    rows = [row.split("/") for row in WEBEMO.split()]
    assert found["fine"].classes == tuple(fine for fine, _, _ in rows)
    assert found["emotion"].classes == SIX
    published = tuple(("-+".index(sign), SIX.index(middle)) for _, middle, sign in rows)
    assert found["levels"].ancestors == published
    assert found["fine"].polarity == tuple(polarity for polarity, _ in published)
    assert [len(level.classes) for level in found["levels"].levels] == [2, 6, 25]
    assert found["emotion"].polarity == (0, 0, 1, 1, 0, 1)
    assert {"cheerfulness", "irritability"} <= set(found["fine"].words or ())


def test_scales_and_sizes() -> None:
    assert [(len(tasks(name)["vad"].columns), tasks(name)["vad"].scale) for name in ("emotic", "iaps")] == [
        (3, (1, 10)),
        (3, (1, 9)),
    ]
    assert tasks("oasis")["va"].scale == (1, 7)
    assert len(tasks("emotic_person")["emotions"].columns) == 26
    assert tasks("emotion6_peng")["va"].scale == (1, 9)


def test_records_of_ones_own_as_the_readme_shows_them(tmp_path: Path) -> None:
    snippets = (RECORDS / "README.md").read_text().split("```yaml\n")[1:]
    shown = [DatasetRecord.model_validate(yaml.safe_load(one.split("```")[0])) for one in snippets]
    assert [one.reader for one in shown] == ["class_folders", "manifest"]
    folders, table = shown
    put(tmp_path / "calm" / "deep" / "1.jpg", image(1))
    items = list(class_folders.read(tmp_path, class_folders.Options.model_validate(folders.options)))
    assert [one.values for one in items if isinstance(one, Item)] == [{"label": "calm"}]
    put(tmp_path / "photos" / "x.jpg", image(2))
    header = "name,mood,valence,arousal,votes_joy,votes_fear,votes_anger,tags,part,photographer"
    put(tmp_path / "ratings.csv", f"{header}\nx,tense,4,2.5,3,0,1,night|people,test,Ann\n".encode())
    (item,) = manifest.read(tmp_path, manifest.Options.model_validate(table.options))
    assert isinstance(item, Item) and item.split == "test"
    assert item.image_name == "photographer: Ann"
    needed = {column for task in table.tasks.values() for column in task.columns or (task.column or "",)}
    assert needed == item.values.keys()
    assert item.values["night"] == "1" and item.values["indoor"] == "0"
