"""Selection, training and attention of EmotionCLIP as processes: a filter, a kill, a variant, wrong names."""

import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from pacl_core.errors import UserError
from pacl_core.files.json_csv import read_json, write_json
from pacl_core.methods.params import load
from pacl_core.models.saved import knows_clips, load_model
from pacl_core.models.video_text import load_video_text
from tests.faults.processes import starter
from tests.paths import ROOT

CLIPS = 30
RUN: dict[str, Any] = {
    "clips": "r",
    "filter": {"max_neutral": None},
    "frames": 2,
    "temporal": {"layers": 1, "heads": 2, "width": 32},
    "lr": {"gains": 1e-3, "weights": 1e-3, "head": 1e-3},
    "batch_size": 8,
    "epochs": 2,
    "holdout": 6,
}


def params(folder: Path, **of_run: Any) -> None:
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    tree["clips"] = {"r": {"reader": "rendered", "path": "clips.yaml", "image_size": 64}}
    tree["backbone"] = {"kind": "open_clip", "name": "tiny-vit", "weights": None, "image_size": None}
    tree["emotionclip"] = {"sap": RUN | of_run}
    (folder / "params.yaml").write_text(yaml.safe_dump(tree))


def run(folder: Path, stage: str, *names: str, **environment: str) -> tuple[int, str]:
    done = starter().run(folder, stage, *names, PYTHONPATH=str(ROOT), **environment)
    return done.wait(), done.output


def made(folder: Path) -> dict[str, bytes]:
    places = (folder / "models", folder / "training_clips")
    files = [file for place in places for file in sorted(place.rglob("*")) if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips, their sentiment and persons; selected and trained on."""
    folder = tmp_path_factory.mktemp("emotionclip")
    recipe = yaml.safe_load((ROOT / "data/corpora/clips.yaml").read_text()) | {"clips": CLIPS}
    (folder / "clips.yaml").write_text(yaml.safe_dump(recipe))
    params(folder)
    for stage in ("clips", "sentiment", "persons"):
        code, output = run(folder, stage, "r")
        assert code == 0, output
    for stage in ("selection", "emotionclip"):
        code, output = run(folder, stage, "sap")
        assert code == 0, output
    return folder


def test_a_model_of_clips_with_its_curves(project: Path) -> None:
    assert read_json(project / "metrics/selection/sap.json")["kept"] == CLIPS
    folder = project / "models/sap"
    assert knows_clips(folder)
    card = read_json(folder / "model.json")
    assert (card["training"]["clips"], card["training"]["held_out"]) == (CLIPS - 6, 6)
    assert card["initial_weights"]["source"] is None
    assert load_video_text(folder).temporal.frames == 2
    last = read_json(project / "training_clips/sap/metrics.json")
    assert {"loss", "suppressed", "scale", "recall_video_to_text"} <= set(last)
    assert (project / "training_clips/sap/plots/metrics/recall_video_to_text/at_1.tsv").is_file()


def test_it_starts_from_the_weights_of_the_variant_initial(project: Path) -> None:
    assert run(project, "initial")[0] == 0
    cards = [read_json(project / "models" / name / "model.json") for name in ("initial", "sap")]
    assert cards[0]["initial_weights"] == cards[1]["initial_weights"]
    assert load_model(project / "models/initial").dim == 64
    shutil.rmtree(project / "models/initial")


def test_a_filter_decides_without_the_stages_before_it(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project / "data", tmp_path / "data")
    params(tmp_path, filter={"max_neutral": 0.27}, epochs=1, holdout=0)
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "data").rglob("r*") if file.is_file()}
    code, output = run(tmp_path, "selection", "sap")
    assert code == 0, output
    kept = read_json(tmp_path / "metrics/selection/sap.json")
    assert 1 < kept["kept"] < CLIPS and kept["left_out_by_reason"] == {"neutral": kept["left_out"]}
    assert sum(pq.read_table(tmp_path / "data/selection/sap.parquet")["kept"].to_pylist()) == kept["kept"]
    code, output = run(tmp_path, "emotionclip", "sap")
    assert code == 0, output
    assert read_json(tmp_path / "models/sap/model.json")["training"]["clips"] == kept["kept"]
    assert {file: file.stat().st_mtime_ns for file in before} == before
    params(tmp_path, filter={"max_neutral": 0.05})
    assert run(tmp_path, "selection", "sap")[0] == 0
    code, output = run(tmp_path, "emotionclip", "sap")
    assert code == 1
    assert "keeps no clip; widen the filter" in output


def test_killed_it_resumes_to_the_same_bytes(project: Path, tmp_path: Path) -> None:
    for name in ("clips.yaml", "params.yaml"):
        shutil.copy(project / name, tmp_path / name)
    shutil.copytree(project / "data", tmp_path / "data")
    process = starter().start(tmp_path, "emotionclip", "sap", PYTHONPATH=str(ROOT))
    while process.running and "epoch" not in process.output:
        time.sleep(0.02)
    process.kill(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "models/sap").exists()
    assert run(tmp_path, "emotionclip", "sap")[0] == 0
    assert made(tmp_path) == made(project)


def test_where_it_looks_is_a_table_and_the_same_again(project: Path) -> None:
    outs = [project / "data/attention" / name for name in ("sap.parquet", "sap_shown.parquet")]
    outs.append(project / "metrics/attention/sap.json")
    code, output = run(project, "attention", "sap")
    assert code == 0, output
    maps = pq.read_table(outs[0])
    assert len(maps) == CLIPS * 2 * 4  # frames, layers
    metrics = read_json(outs[2])
    assert (metrics["clips"], metrics["held_out"], metrics["frames"]) == (CLIPS, 6, 2 * CLIPS)
    last = metrics["layers"]["4"]
    assert last["low"] <= last["above_share"] <= last["high"]
    assert last["above_share"] == pytest.approx(last["on_subject"] - metrics["share_of_patches"])
    assert f"{last['on_subject']:.3f} of the attention on the subject" in output
    assert len(pq.read_table(outs[1])) == 6
    before = [file.read_bytes() for file in outs]
    assert run(project, "attention", "sap", OMP_NUM_THREADS="2")[0] == 0
    assert [file.read_bytes() for file in outs] == before


def test_a_model_without_a_subject_token_says_that_it_has_no_maps(project: Path, tmp_path: Path) -> None:
    params(tmp_path, subject={"kind": "none"})
    shutil.copytree(project / "models/sap", tmp_path / "models/sap")
    card = read_json(tmp_path / "models/sap/model.json")
    write_json(tmp_path / "models/sap/model.json", card | {"subject": card["subject"] | {"kind": "none"}})
    code, output = run(tmp_path, "attention", "sap")
    assert code == 0, output
    metrics = read_json(tmp_path / "metrics/attention/sap.json")
    assert "has no subject token" in metrics["not_applicable"] and metrics["layers"] == {}
    assert len(pq.read_table(tmp_path / "data/attention/sap.parquet")) == 0


@pytest.mark.parametrize("stage", ["selection", "emotionclip", "attention"])
def test_a_wrong_name_is_one_line(project: Path, stage: str) -> None:
    code, output = run(project, stage, "sep")
    assert code == 1
    assert "unknown training of EmotionCLIP 'sep'; did you mean 'sap'?" in output
    assert "Traceback" not in output


def test_params_that_do_not_fit_together_are_named(tmp_path: Path) -> None:
    params(tmp_path, clips="s")
    with pytest.raises(UserError, match=r"emotionclip\.sap\.clips: unknown corpus of clips 's'"):
        load(tmp_path / "params.yaml")
    params(tmp_path)
    text = (tmp_path / "params.yaml").read_text()
    tree = yaml.safe_load(text)
    tree["emotionclip"] = {"pacl": tree["emotionclip"]["sap"]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    with pytest.raises(UserError, match=r"emotionclip\.pacl: models/pacl is another model"):
        load(tmp_path / "params.yaml")
    tree = yaml.safe_load(text)
    tree["backbone"] = yaml.safe_load((ROOT / "params.yaml").read_text())["backbone"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    with pytest.raises(UserError, match=r"emotionclip\.sap: trains a CLIP of 'open_clip'"):
        load(tmp_path / "params.yaml")
