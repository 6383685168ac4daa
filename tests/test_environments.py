"""Dockerfile, devcontainer, conda environment and CI workflow name what is there."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.paths import ROOT

TARGETS = {
    "Dockerfile": re.compile(r"RUN (make .+)"),
    ".devcontainer/devcontainer.json": re.compile(r'"postCreateCommand": "(make [^"]+)"'),
}


@pytest.mark.parametrize("name", list(TARGETS))
def test_their_make_targets_exist(name: str) -> None:
    found = TARGETS[name].search((ROOT / name).read_text())
    assert found is not None
    command = found[1].replace("$CPU", "1").split()
    subprocess.run([command[0], "-n", *command[1:]], cwd=ROOT, check=True, capture_output=True)


def test_the_workflow_runs_what_ci_runs() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())
    commands = [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step]
    assert commands == [".ci/run"]
    assert Path(ROOT / ".ci/run").stat().st_mode & 0o100


def test_the_conda_environment_has_what_make_needs() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert {one.partition("=")[0] for one in environment["dependencies"]} == {"python", "git", "make"}


def test_the_devcontainer_is_json() -> None:
    assert json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())["name"] == "PACL"


@pytest.mark.parametrize(("cpu", "tool"), [("1", "uv pip install"), ("", "/pip install")])
def test_cpu_builds_come_by_uv(tmp_path: Path, cpu: str, tool: str) -> None:
    made = subprocess.run(
        ["make", "-n", "install", f"CPU={cpu}", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    lines = [line for line in made.stdout.splitlines() if "[pipeline,embedded]" in line]
    assert len(lines) == 1
    assert tool in lines[0]
    assert ("--torch-backend cpu" in lines[0]) == bool(cpu)


def test_the_lock_has_the_versions_of_the_constraints_with_hashes_and_no_host() -> None:
    text = (ROOT / "requirements.lock").read_text()
    locked = dict(re.findall(r"^([a-z0-9._-]+)(?:\[\S+\])?==(\S+)", text, re.MULTILINE))
    pinned = dict(re.findall(r"^(\S+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    normal = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pinned.items()}
    assert {name: normal[name] for name in locked if name in normal} == {
        name: version for name, version in locked.items() if name in normal
    }
    assert {"torch", "dvc", "timm", "nicegui", "typer"} <= locked.keys() & normal.keys()
    assert text.count("--hash=sha256:") > len(locked)
    assert "://" not in text
