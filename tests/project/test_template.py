"""What a project holds comes from one place, and is whole."""

from pathlib import Path

import pytest
import yaml

from pacl_core.errors import UserError
from pacl_core.project.template import preset, presets, project_files, template
from tests.dag.small_project import SOURCES
from tests.paths import ROOT


def test_in_a_clone_the_files_are_the_clones_own() -> None:
    assert template() == ROOT
    files = {file.as_posix() for file in project_files(ROOT)}
    wanted = {one for one in SOURCES if one not in ("pacl_core", ".dvc/.gitignore")}
    assert [
        one for one in wanted if not any(file == one or file.startswith(f"{one}/") for file in files)
    ] == []
    assert not any(file.startswith(("pacl_core", "tests", "scripts")) for file in files)
    assert {"stages/ready.py", "data/published/table4.csv", "presets/sweeps/recipes.yaml"} <= files


def test_what_stages_read_is_there() -> None:
    """Paths of dvc.yaml that no stage writes, without those that params name."""
    stages = [
        body.get("do", body) for body in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].values()
    ]
    outs = {out if isinstance(out, str) else next(iter(out)) for one in stages for out in one.get("outs", [])}
    outs |= {
        out if isinstance(out, str) else next(iter(out)) for one in stages for out in one.get("metrics", [])
    }
    read = {
        dep for one in stages for dep in one["deps"] if "${" not in dep and not dep.startswith("pacl_core")
    }
    files = project_files(ROOT)
    absent = [
        dep
        for dep in sorted(read)
        if not any(dep == out or dep.startswith(f"{out}/") or out.startswith(f"{dep}/") for out in outs)
        and not any(Path(dep) in (file, *file.parents) for file in files)
    ]
    assert absent == []


def test_presets() -> None:
    assert {"mvsa-oasis", "tumemo-resnet50"} <= set(presets(ROOT))
    assert preset(ROOT, "scenes") == ROOT / "presets/scenes.yaml"
    with pytest.raises(UserError, match="unknown preset 'mvsa-oasi'; did you mean 'mvsa-oasis'"):
        preset(ROOT, "mvsa-oasi")
