"""Pretext sets through their stage, and why `downstream` does not take them."""

import json
from pathlib import Path

import pytest
import yaml

from pacl_core.datasets.tasks import read_tasks, texts
from pacl_core.errors import UserError
from pacl_core.files.tables import read_table
from pacl_core.methods.params import Params, load
from pacl_core.params.evaluation import DownstreamParams
from stages import downstream, pretext_set
from tests.paths import ROOT
from tests.published_trees import image, put

FOLDERS = {
    "reader": "class_folders",
    "tasks": {"scene": {"kind": "single_label", "column": "label", "classes": ["beach", "bar", "attic"]}},
    "splits": ["train", "val"],
    "source": "made up",
    "licence": "none",
    "citation": "nobody",
}
CAPTIONS = FOLDERS | {
    "reader": "manifest",
    "options": {"file": "said.csv", "id": "image", "values": ["said"]},
    "tasks": {"caption": {"kind": "caption", "column": "said"}},
}


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """A workspace with a set of scenes and one of captions, each under both sections."""
    for number in range(30):
        put(tmp_path / "scenes" / ("beach", "bar", "attic")[number % 3] / f"{number}.jpg", image(number))
        put(tmp_path / "said" / f"{number}.jpg", image(number))
    rows = [f"{number}.jpg,{'' if number == 7 else f'dog {number}'}" for number in range(30)]
    put(tmp_path / "said/said.csv", "\n".join(["\ufeffimage,said", *rows]).encode())
    chosen = {}
    for name, record in (("scenes", FOLDERS), ("said", CAPTIONS)):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(record))
        chosen[name] = DownstreamParams(record=f"{name}.yaml", path=name, image_size=16)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACL_DEVICE", "cpu")
    return load(ROOT / "params.yaml").model_copy(update={"downstream": chosen, "pretext_sets": chosen})


def test_a_set_without_test_split(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["pretext_set", "scenes"])
    pretext_set.main(params)
    table = read_table(Path("data/pretext/scenes.parquet"))
    assert sorted(set(table["split"].to_pylist())) == ["train", "val"]
    assert table["split"].to_pylist().count("val") == 3
    assert table["fold"].null_count == len(table)
    description = json.loads(Path("data/pretext/scenes.json").read_text())
    assert description["counts"]["items"] == {"train": 27, "val": 3}
    assert description["counts"]["classes"]["scene"].keys() == {"train", "val"}
    assert Path("data/pretext/scenes_rejected.parquet").is_file()


def test_captions_are_stored_as_texts(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["pretext_set", "said"])
    pretext_set.main(params)
    table = read_table(Path("data/pretext/said.parquet"))
    (task,) = read_tasks(Path("data/pretext/said.json"))
    assert texts(task, table) == [f"dog {number}" for number in range(30) if number != 7]
    assert read_table(Path("data/pretext/said_rejected.parquet")).to_pylist() == [
        {"source": "7.jpg", "reason": "no_target", "detail": "no value for any task"}
    ]


@pytest.mark.parametrize(("name", "message"), [("scenes", "no test split"), ("said", "no test split")])
def test_what_no_protocol_could_evaluate_is_not_downstream(
    params: Params, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.setattr("sys.argv", ["downstream", name])
    with pytest.raises(UserError, match=f"downstream.{name}: .*{message}"):
        downstream.main(params)


def test_an_empty_split_names_the_section(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    lone = Path("lone/beach/1.jpg")
    put(lone, image(1))
    chosen = {"lone": DownstreamParams(record="scenes.yaml", path="lone", image_size=16)}
    monkeypatch.setattr("sys.argv", ["pretext_set", "lone"])
    with pytest.raises(
        UserError, match=r"lone: no usable item in split val, of 1 usable; check pretext_sets\.lone"
    ):
        pretext_set.main(params.model_copy(update={"pretext_sets": chosen}))
