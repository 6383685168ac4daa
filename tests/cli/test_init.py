"""A project outside the clone, as `pacl init` and pacl_core/project/create.py make it."""

import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from pacl_core.cli.init import INSTALLED
from pacl_core.methods.params import load
from pacl_core.project import create
from stages import inputs
from tests.paths import ROOT


def git(folder: Path, *command: str) -> str:
    return subprocess.run(("git", *command), cwd=folder, check=True, capture_output=True, text=True).stdout


def test_a_project_has_the_familiar_shape(tmp_path, pacl) -> None:
    folder = tmp_path / "mine"
    ended = pacl("init", folder)
    assert ended.code == 0, ended.err
    assert ended.out.startswith(f"{folder}: ")
    assert "git initialised, DVC initialised\nnext: cd " in ended.out
    assert "dvc" not in ended.err.lower()
    top = {path.name for path in folder.iterdir()}
    assert {"params.yaml", "dvc.yaml", "stages", "data", "presets", ".git", ".dvc", ".gitignore"} <= top
    assert not {"pacl_core", "tests", "Makefile", "dvc.lock"} & top
    assert (folder / "params.yaml").read_bytes() == (ROOT / "params.yaml").read_bytes()
    stages = yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]
    assert next(iter(stages)) == "ready"
    assert stages["ready"]["cmd"] == "python -m stages.ready"
    assert f"{INSTALLED}/corpus.sha256" in stages["pairs"]["deps"]
    assert (folder / ".dvc/config").read_text() == (ROOT / ".dvc/config").read_text()
    assert (folder / ".dvc/plots_page.html").is_file()
    assert git(folder, "rev-parse", "--show-toplevel").strip() == str(folder.resolve())

    again = pacl("init", folder)
    assert (again.code, "already there; --update brings" in again.err) == (1, True)


def test_both_sides_name_the_folder_of_hashes_alike() -> None:
    assert inputs.INSTALLED == INSTALLED


def test_a_preset_in_a_folder_of_a_repository(tmp_path, pacl) -> None:
    git(tmp_path, "init", "-q")
    ended = pacl("init", tmp_path / "sub", "--preset", "mvsa-oasis")
    assert ended.code == 0, ended.err
    assert "git initialised" not in ended.out
    assert load(tmp_path / "sub/params.yaml").pairs.reader == "mvsa"
    assert not (tmp_path / "sub/.git").exists()


def test_without_git(tmp_path, pacl, monkeypatch) -> None:
    monkeypatch.setattr(create.shutil, "which", lambda name: None)
    ended = pacl("init", tmp_path / "mine")
    subprocess.run((sys.executable, "-m", "dvc", "stage", "list", "-q"), cwd=tmp_path / "mine", check=True)
    assert (ended.code, "git initialised" in ended.out) == (0, False)
    assert "no_scm = true" in (tmp_path / "mine/.dvc/config").read_text().lower()


def test_mistakes_are_one_line_and_write_nothing(tmp_path, pacl) -> None:
    ended = pacl("init", tmp_path / "a", "--preset", "nope")
    assert (ended.code, ended.err.count("\n"), (tmp_path / "a").exists()) == (1, 1, False)
    (tmp_path / "b").mkdir()
    (tmp_path / "b/params.yaml").write_text("mine")
    ended = pacl("init", tmp_path / "b")
    assert (ended.code, "params.yaml: already there" in ended.err) == (1, True)
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["params.yaml"]
    assert pacl("init", tmp_path / "c", "--update").err.endswith(
        "no project to update (no dvc.yaml and stages/ in it)\n"
    )
    assert "takes no --preset" in pacl("init", tmp_path, "--update", "--preset", "scenes").err


def test_a_gitignore_is_completed(tmp_path, pacl) -> None:
    (tmp_path / ".gitignore").write_text("mine\n.pacl/")
    assert pacl("init", tmp_path).code == 0
    lines = (tmp_path / ".gitignore").read_text().splitlines()
    assert lines[:2] == ["mine", ".pacl/"]
    assert lines.count(".pacl/") == 1
    assert "/report" in lines


def test_update_brings_stages_and_pipeline_only(tmp_path, pacl) -> None:
    assert pacl("init", tmp_path).code == 0
    assert pacl("init", tmp_path, "--update").out == f"{tmp_path}: up to date\n"
    for name in ("dvc.yaml", "params.yaml", "stages/train.py"):
        (tmp_path / name).write_text("# older\n")
    (tmp_path / "stages/gone.py").write_text("")
    shutil.rmtree(tmp_path / "presets")
    ended = pacl("init", tmp_path, "--update")
    assert ended.out == f"{tmp_path}: dvc.yaml, stages/train.py, stages/gone.py (removed)\n"
    assert (tmp_path / "stages/train.py").read_bytes() == (ROOT / "stages/train.py").read_bytes()
    assert (tmp_path / "params.yaml").read_text() == "# older\n"
