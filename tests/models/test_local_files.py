"""Local weights are dependencies by their content: DVC sees through the links that stages make."""

import os
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from pacl_core.doctor.stages import stages_to_run
from pacl_core.models.local_files import ABOUT, CONFIG, drop_dangling, link_weights, local_files
from tests.dag.small_project import Project, commit_all, copy_project
from tests.tiny_checkpoints import write_tiny_timm_resnet


def linked(folder: Path) -> dict[str, str]:
    links = [path for path in folder.rglob("*") if path.is_symlink()]
    return {str(link.relative_to(folder)): link.read_text() for link in links}


def test_a_file_comes_with_the_configuration_next_to_it(tmp_path: Path) -> None:
    (tmp_path / "w.pt").write_text("weights")
    (tmp_path / "other.pt").write_text("other")
    link_weights({"backbone": str(tmp_path / "w.pt")}, tmp_path / "in_use")
    assert linked(tmp_path / "in_use/backbone") == {"w.pt": "weights"}
    (tmp_path / CONFIG).write_text("config")
    link_weights({"backbone": str(tmp_path / "w.pt")}, tmp_path / "in_use")
    assert linked(tmp_path / "in_use/backbone") == {"w.pt": "weights", CONFIG: "config"}
    assert local_files(str(tmp_path / "w.pt")) == [tmp_path / "w.pt", tmp_path / CONFIG]


def test_a_folder_comes_whole_without_what_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("config.json", "deep/model.safetensors", ".cache/lock", ".git/HEAD"):
        (tmp_path / "clip" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "clip" / name).write_text(name)
    monkeypatch.chdir(tmp_path)
    link_weights({"scorer": "clip"})
    expected = {name: name for name in ("config.json", "deep/model.safetensors")}
    assert linked(tmp_path / "data/weights_in_use/scorer") == expected


@pytest.mark.parametrize("nothing", [None, "hub:a/b@c", "nowhere/w.pt"])
def test_what_was_linked_before_goes_and_its_targets_stay(tmp_path: Path, nothing: str | None) -> None:
    (tmp_path / "clip/deep").mkdir(parents=True)
    (tmp_path / "clip/deep/w.pt").write_text("weights")
    (tmp_path / "in_use/scorer").mkdir(parents=True)
    (tmp_path / "in_use/scorer" / ABOUT).write_text("about")
    link_weights({"scorer": str(tmp_path / "clip")}, tmp_path / "in_use")
    link_weights({"scorer": nothing}, tmp_path / "in_use")
    assert [path.name for path in (tmp_path / "in_use/scorer").iterdir()] == [ABOUT]
    assert (tmp_path / "clip/deep/w.pt").read_text() == "weights"


def test_links_to_files_that_are_gone_are_dropped(tmp_path: Path) -> None:
    for name in ("gone.pt", "kept.pt"):
        (tmp_path / name).write_text(name)
    models = {"scorer": str(tmp_path / "gone.pt"), "backbone": str(tmp_path / "kept.pt")}
    link_weights(models, tmp_path / "in_use")
    (tmp_path / "gone.pt").unlink()
    assert drop_dangling(tmp_path / "in_use") == [tmp_path / "gone.pt"]
    assert linked(tmp_path / "in_use") == {"backbone/kept.pt": "kept.pt"}
    assert drop_dangling(tmp_path / "nowhere") == []


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """`initial` of local weights, as the first stage that ever ran."""
    project = copy_project(tmp_path_factory.mktemp("project"))
    weights = write_tiny_timm_resnet(tmp_path_factory.mktemp("weights"))
    project.edit(**{f"backbone__{key}": value for key, value in weights.items()})
    project.run("dvc", "init", "-q", "-f")
    commit_all(project, "start")
    project.repro("-s", "initial")
    return project


def weights_of(project: Project) -> Path:
    (link,) = [path for path in (project.root / "data/weights_in_use").rglob("*") if path.is_symlink()]
    return link.readlink()


def scaled(path: Path, factor: float) -> None:
    save_file({name: tensor * factor for name, tensor in load_file(path).items()}, path)


def test_replaced_weights_make_their_stages_run(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def status() -> str:
        return project.run("dvc", "status", "initial").output

    assert "up to date" in status()
    assert project.run("git", "status", "--short", "data").output == ""
    before = project.bytes_of("models/initial/model.json")
    path = weights_of(project)
    scaled(path, 2)  # written over
    assert "data/weights_in_use/backbone" in status()
    monkeypatch.chdir(project.root)
    again = {stage.name: stage.why for stage in stages_to_run({})}
    assert any("data/weights_in_use/backbone" in why for why in again["initial"])
    project.repro("-s", "initial")
    assert project.bytes_of("models/initial/model.json") != before
    assert "up to date" in status()
    other = path.with_name("download.tmp")
    shutil.copy(path, other)
    scaled(other, 2)
    os.utime(other, (path.stat().st_atime, path.stat().st_mtime))
    other.replace(path)  # renamed onto it, as old as the one before
    assert "data/weights_in_use/backbone" in status()
    project.repro("-s", "initial")
    stored = load_file(project.root / "models/initial/backbone.safetensors")
    assert torch.equal(stored["conv1.0.weight"], load_file(path)["conv1.0.weight"])


def test_weights_that_are_gone_are_told_of(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    path = weights_of(project)
    content = path.read_bytes()
    path.unlink()
    monkeypatch.chdir(project.root)
    assert "initial" in {
        stage.name for stage in stages_to_run({})
    }  # pacl doctor; DVC alone stops at the link
    done = project.run("dvc", "repro", "-s", "initial")
    assert done.code and "the folder holds none of model.safetensors" in done.output
    path.write_bytes(content)
    project.repro("-s", "initial")
