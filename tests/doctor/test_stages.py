"""What DVC would run again, in words, and how long it took."""

import re
import shutil
import subprocess
import sys

import pytest

from pacl_core.doctor.stages import StageToRun, _reasons, stages_to_run, way_into_dvc
from pacl_core.errors import UserError

DVC_YAML = """
stages:
  first:
    cmd: cp in.txt first.txt
    deps: [in.txt]
    params: [sigma]
    outs: [first.txt]
  second:
    cmd: cp first.txt second.txt
    deps: [first.txt]
    outs: [second.txt]
  alone:
    cmd: cp other.txt alone.txt
    deps: [other.txt]
    outs: [alone.txt]
"""


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory):
    """A project of three stages that has been run."""
    root = tmp_path_factory.mktemp("project")
    for name, text in {
        "dvc.yaml": DVC_YAML,
        "params.yaml": "sigma: 1\n",
        "in.txt": "a",
        "other.txt": "b",
    }.items():
        (root / name).write_text(text)
    for command in (("init", "--no-scm", "-q"), ("repro", "-q")):
        subprocess.run((sys.executable, "-m", "dvc", *command), cwd=root, check=True)
    return root


@pytest.fixture
def project(reproduced, monkeypatch):
    monkeypatch.chdir(reproduced)
    yield reproduced
    (reproduced / "in.txt").write_text("a")
    (reproduced / "params.yaml").write_text("sigma: 1\n")


def test_nothing_to_do(project):
    assert stages_to_run({}) == []


def test_a_changed_input_and_what_follows(project):
    (project / "in.txt").write_text("changed")
    assert stages_to_run({}) == [
        StageToRun("first", ["in.txt modified"], None),
        StageToRun("second", [], None),
    ]


def test_a_changed_parameter_is_named_by_its_key(project):
    (project / "params.yaml").write_text("sigma: 2\n")
    assert stages_to_run({})[0].why == ["sigma modified"]


def test_code_and_missing_files_are_counted():
    states = [
        {
            "changed deps": {"a/b.py": "modified", "pacl_core/models": "modified", "in.txt": "deleted"},
            "changed outs": {"out.txt": "not in cache"},
        },
        "changed command",
    ]
    assert _reasons(states) == ["changed command", "2 files of code changed", "2 files not there"]


def test_times_are_those_of_the_last_run(project):
    (project / "in.txt").write_text("changed")
    found = stages_to_run({"first": 75.5, "another": 1.0})
    assert [one.seconds for one in found] == [75.5, None]


def test_outside_of_a_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="not inside of a DVC repository"):
        stages_to_run({})


def test_a_copy_without_git_history_is_told_the_way(reproduced, tmp_path, monkeypatch):
    """A ZIP of the project has .dvc and no .git, which DVC refuses; what is said makes it work."""
    copy = tmp_path / "unpacked"
    shutil.copytree(reproduced, copy)
    (copy / ".dvc/config").write_text("")  # as committed: not told that there is no git
    monkeypatch.chdir(copy)
    with pytest.raises(UserError, match="is not a git repository"):
        stages_to_run({})
    command = re.search("'(dvc config [^']+)'", way_into_dvc(copy))
    assert command is not None
    subprocess.run([sys.executable, "-m", *command[1].split()], cwd=copy, check=True)
    assert stages_to_run({}) == []


def test_in_another_folder_the_way_is_to_the_root(tmp_path):
    assert way_into_dvc(tmp_path) == "run from the project's root"
