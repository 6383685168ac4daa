"""A data set with every fault at once, through the real stages: counted or refused, never a silent NaN."""

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from PIL import Image

from pacl_core.errors import UserError
from pacl_core.methods.params import load
from pacl_core.models.backbones import load_backbone
from pacl_core.models.saved import save_model
from pacl_core.params.evaluation import DownstreamParams, LinearParams
from pacl_core.params.models import BackboneParams
from stages import compare, downstream, evaluate, features, measure
from tests.paths import ROOT
from tests.tiny_checkpoints import write_tiny_timm_resnet

# in every split: moods calm and tense, but tense is not tested; "always" and "never" have one class in test
SPLITS = ("train", "train", "train", "val", "test")
HEADER = "file,split,mood,v,a,flat,always,never,joy,fear"
RECORD = {
    "reader": "manifest",
    "options": {
        "file": "items.csv",
        "image": "images/{file}",
        "id": "file",
        "split": "split",
        "values": ["mood", "v", "a", "flat", "always", "never", "joy", "fear"],
    },
    "tasks": {
        "mood": {"kind": "single_label", "column": "mood", "classes": ["calm", "tense"]},
        "ratings": {"kind": "regression", "columns": ["v", "a"], "scale": [1, 9]},
        "flat": {"kind": "regression", "columns": ["flat"], "scale": [0, 1]},
        "marks": {"kind": "multi_label", "columns": ["always", "never"]},
        "votes": {"kind": "distribution", "columns": ["joy", "fear"]},
    },
    "source": "made up",
    "licence": "none",
    "citation": "none",
}
BAD = (
    "gone.jpg,train,calm,5,5,0.5,1,0,1,1",  # no such file
    "page.jpg,train,calm,5,5,0.5,1,0,1,1",  # not an image
    "cut.jpg,train,calm,5,5,0.5,1,0,1,1",  # cut short
    "3.jpg,train,blissful,5,5,0.5,1,0,1,1",  # a label outside the list: the other tasks keep the item
    "5.jpg,test,calm,nan,5,0.5,1,0,0,0",  # a rating is NaN, nobody voted
    "6.jpg,dev,calm,5,5,0.5,1,0,1,1",  # no such split
)


def image(number: int) -> bytes:
    stream = io.BytesIO()
    noise = np.random.default_rng(number).integers(0, 256, (40, 40, 3), np.uint8)
    Image.fromarray(noise).save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run stages in: the faulty data set, and two variants of a tiny network."""
    images = tmp_path / "set/images"
    images.mkdir(parents=True)
    lines = [HEADER]
    for number in range(40):
        split = SPLITS[number % 5]
        mood = "calm" if split == "test" else ("calm", "tense")[number % 2]
        always = 1 if split == "test" else number % 2
        never = 0 if split == "test" else number % 3 // 2
        votes = f"{number % 3},{1 + number % 2}"
        file = f"item{number}.jpg"
        (images / file).write_bytes(image(number))
        lines.append(f"{file},{split},{mood},{1 + number % 9},{1 + number % 7},0.5,{always},{never},{votes}")
    for name in ("3.jpg", "5.jpg", "6.jpg"):
        (images / name).write_bytes(image(100 + int(name[0])))
    (images / "page.jpg").write_bytes(b"<html>404</html>")
    (images / "cut.jpg").write_bytes(image(200)[:300])
    (tmp_path / "set/items.csv").write_text("\n".join([*lines, *BAD]))
    (tmp_path / "record.yaml").write_text(yaml.safe_dump(RECORD))
    backbone = load_backbone(BackboneParams(**write_tiny_timm_resnet(tmp_path / "checkpoint")))
    for variant in ("initial", "pacl"):
        (tmp_path / "models" / variant).mkdir(parents=True)
        save_model(tmp_path / "models" / variant, backbone, training=None, projectors=None)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/published").symlink_to(ROOT / "data/published")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACL_DEVICE", "cpu")
    return tmp_path


@pytest.fixture
def stage(project: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a stage in the project, as the command line does."""
    params = load(ROOT / "params.yaml")
    linear = LinearParams(epochs=3, seeds=2)
    params = params.model_copy(
        update={
            "downstream": {"faulty": DownstreamParams(record="record.yaml", path="set", image_size=64)},
            "evaluate": params.evaluate.model_copy(
                update={"protocols": ("linear",), "linear": linear, "bootstrap": 100}
            ),
        }
    )

    def run(module: Any, *arguments: str) -> None:
        monkeypatch.setattr("sys.argv", [module.__name__, *arguments])
        module.main(params)

    return run


def no_nan(value: object) -> bool:
    """Whether no number anywhere in a JSON value is NaN or infinite."""
    if isinstance(value, dict):
        return all(no_nan(one) for one in value.values())
    if isinstance(value, list):
        return all(no_nan(one) for one in value)
    return not isinstance(value, float) or math.isfinite(value)


def test_every_fault_is_counted_and_every_figure_is_a_number_or_a_reason(
    project: Path, stage: Any, caplog: pytest.LogCaptureFixture
) -> None:
    stage(downstream, "faulty")
    counts = json.loads((project / "data/downstream/faulty.json").read_text())["counts"]
    assert counts["items"] == {"train": 25, "val": 8, "test": 9}
    assert counts["rejected_by_reason"] == {
        "missing_image": 1, "web_page": 1, "unknown_split": 1, "truncated": 1,
    }  # fmt: skip
    assert counts["targets_rejected"] == {
        "mood": {"unknown_label": 1}, "ratings": {"incomplete": 1}, "votes": {"no_votes": 1},
    }  # fmt: skip
    assert counts["classes"]["mood"]["test"] == [9, 0]
    assert "task 'mood': no item of tense in split 'test'" in caplog.text

    for variant in ("initial", "pacl"):
        stage(features, "faulty", variant)
        stage(evaluate, "faulty", "linear", variant)
        stage(measure, "faulty", "linear", variant)
    stage(compare)
    summary = json.loads((project / "evaluation/faulty-linear-pacl.json").read_text())
    comparison = json.loads((project / "metrics/comparison.json").read_text())
    assert no_nan(summary) and no_nan(comparison)
    figures = {name: task["figures"] for name, task in summary["tasks"].items()}
    undefined = {
        (task, name): figure["reason"]
        for task, own in figures.items()
        for name, figure in own.items()
        if figure["mean"] is None
    }
    assert undefined == {
        ("flat", "r2"): "flat: the target is constant",
        ("flat", "pearson"): "flat: the target is constant",
        ("marks", "auc"): "no class has both positive and negative items",
    }
    assert figures["marks"]["map"]["mean"] == 1  # of "always" alone
    assert summary["tasks"]["mood"]["details"]["absent_classes"] == ["tense"]
    assert set(summary["tasks"]["marks"]["details"]["undefined_classes"]) == {"always", "never"}
    assert [summary["tasks"][name]["test_items"] for name in ("mood", "ratings", "votes")] == [9, 8, 8]
    table = pl.read_csv(project / "plots/comparison.csv")
    assert "nan" not in (project / "plots/comparison.csv").read_text().lower()
    assert table.filter(pl.col("mean").is_null(), pl.col("reason").is_null()).is_empty()
    for path in (project / "metrics/results").glob("*.json"):
        assert no_nan(json.loads(path.read_text()))


def test_a_split_that_faults_leave_empty_is_refused_in_one_line(project: Path, stage: Any) -> None:
    for number in range(4, 40, 5):  # the images of the test split
        (project / f"set/images/item{number}.jpg").unlink()
    (project / "set/images/5.jpg").unlink()
    with pytest.raises(UserError, match=r"no usable item in split test.*missing_image 10") as refused:
        stage(downstream, "faulty")
    assert "\n" not in str(refused.value)
    assert not (project / "data/downstream/faulty.parquet").exists()


def test_a_task_without_test_targets_is_refused_by_name(project: Path, stage: Any) -> None:
    items = pl.read_csv(project / "set/items.csv", infer_schema=False)
    tested = pl.col("split") == "test"
    items.with_columns(v=pl.when(tested).then(None).otherwise("v")).write_csv(project / "set/items.csv")
    stage(downstream, "faulty")
    stage(features, "faulty", "pacl")
    with pytest.raises(UserError, match="task 'ratings' has no items in split 'test'"):
        stage(evaluate, "faulty", "linear", "pacl")
