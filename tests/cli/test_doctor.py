"""pacl doctor and pacl params (cli/params.py): what they say of a project, and their exit codes."""

import json
import shutil

import pytest

from pacl_core.cli.doctor import _again, _duration
from pacl_core.doctor.stages import StageToRun
from tests.paths import ROOT


def test_the_embedded_default_will_run(pacl, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = json.loads(pacl("doctor", "--json").out)
    assert found["will_run"] is True
    states = {one["what"]: one["state"] for one in found["findings"]}
    assert states["params"] == states["pairs"] == states["backbone"] == states["device"] == "fine"
    assert {"extra 'embedded'", "extra 'export'", "extra 'explore'"} <= set(states)


def test_a_preset_without_its_files_will_not(pacl, monkeypatch):
    monkeypatch.chdir(ROOT)
    done = pacl("doctor", "--params", "presets/tumemo-resnet50.yaml")
    assert done.code == 1
    assert done.out.splitlines()[-1] == "It will not run until every STOPS is fixed."
    assert "STOPS  backbone: data/weights/resnet50" in done.out
    assert "hf download timm/resnet50.a1_in1k --local-dir data/weights/resnet50" in done.out


def test_a_mistake_in_params(pacl, monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    broken = tmp_path / "params.yaml"
    broken.write_text("pairs: {reader: folder}\n")
    done = pacl("doctor", "--params", broken)
    assert done.code == 1 and "pairs.path: missing" in done.out


def test_a_key_that_is_left_out_stops_until_it_is_filled_in(pacl, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    text = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(text.replace("  ema: null\n", "").replace("recipes: {}\n", ""))
    done = pacl("doctor")
    assert done.code == 1
    assert "STOPS  params: params.yaml leaves out recipes, train.ema; DVC needs every key" in done.out
    assert "-> pacl params fill --file params.yaml" in done.out
    assert pacl("params", "fill").out == "params.yaml: filled in recipes, train.ema\n"
    assert "leaves out" not in pacl("doctor").out
    assert pacl("params", "fill").out == ""


def test_filling_in_needs_a_valid_file_of_a_project(pacl, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    assert "dvc.yaml: no such file; run from the project's root" in pacl("params", "fill").err
    (tmp_path / "params.yaml").write_text("train: {epoch: 3}\n")
    done = pacl("params", "fill")
    assert done.code == 1
    assert "train.epoch: unknown key; did you mean 'epochs'?" in done.err


def test_a_device_that_is_not_there(pacl, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PACL_DEVICE", "cuda:9")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    done = pacl("doctor", "--params", "presets/tumemo-resnet50.yaml")
    assert "STOPS  device: cuda:9: torch sees no GPU" in done.out


@pytest.fixture
def timed(tmp_path, monkeypatch):
    """A folder with params.yaml and the record of a run, as working directory."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    folder = tmp_path / ".pacl/timings"
    folder.mkdir(parents=True)
    for name, seconds, peak in (("pairs", 61.0, 1300), ("evaluate@a", 2.0, 300), ("evaluate@b", 3.5, 200)):
        took = {"seconds": seconds, "cpu_seconds": 2 * seconds, "peak_memory_mb": peak}
        (folder / f"{name}.json").write_text(json.dumps(took))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_last_run_of_each_stage_is_a_table(timed, pacl):
    lines = pacl("doctor").out.splitlines()
    start = lines.index("The last run of each stage on this machine:")
    assert [line.split() for line in lines[start + 2 : start + 4]] == [
        ["pairs", "1", "61.0", "122.0", "1,300"],
        ["evaluate", "2", "5.5", "11.0", "300"],
    ]
    assert lines[start + 1].split() == ["stage", "runs", "seconds", "of", "CPU", "peak", "MB"]


def test_the_table_as_json(timed, pacl):
    found = json.loads(pacl("doctor", "--json").out)["timings"]
    assert found == [
        {"name": "pairs", "runs": 1, "seconds": 61.0, "cpu_seconds": 122.0, "peak_memory_mb": 1300},
        {"name": "evaluate", "runs": 2, "seconds": 5.5, "cpu_seconds": 11.0, "peak_memory_mb": 300},
    ]


def test_no_table_where_nothing_ran(timed, pacl):
    shutil.rmtree(timed / ".pacl")
    assert "The last run" not in pacl("doctor").out


def test_a_copy_without_git_history_is_told_the_way(timed, pacl):
    shutil.copytree(ROOT / ".dvc", timed / ".dvc", ignore=lambda *_: {"cache", "tmp", "config.local"})
    out = pacl("doctor").out
    assert "STOPS  stages: dvc:" in out and "is not a git repository" in out
    assert "-> a copy without git history: run 'dvc config --local core.no_scm true' once" in out


def test_nothing_to_do():
    assert _again([]) == ["", "dvc repro has nothing to do."]


def test_a_time_that_is_not_known_is_counted_apart():
    found = [StageToRun("first", ["in.txt modified"], 75.5), StageToRun("second", [], None)]
    assert _again(found)[-1] == "  together about 76 s, and 1 stage whose time is not known"


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "unknown"), (3.4, "3 s"), (120, "2 min"), (7200, "2.0 h")]
)
def test_durations(seconds, text):
    assert _duration(seconds) == text
