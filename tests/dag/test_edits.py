"""Edits while `dvc repro` runs a stage: DVC must not lock them as what made the stage's outs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.dag.small_project import Project, copy_project
from tests.faults.processes import until
from tests.faults.shims import shims

pytestmark = pytest.mark.dag


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return copy_project(tmp_path_factory.mktemp("edits") / "project")


def repro(project: Project, edit: Callable[[Path], object]) -> tuple[int, str]:
    """`dvc repro --force pairs`, with an edit in the middle of it; exit code and output."""
    scratch = project.root / ".pacl/scratch/pairs"
    shutil.rmtree(scratch, ignore_errors=True)
    environ = os.environ | {"DVC_NO_ANALYTICS": "1", "PACL_WORKERS": "1", "PACL_DEVICE": "cpu"}
    environ["PATH"] = os.pathsep.join((str(shims()), str(Path(sys.executable).parent), environ["PATH"]))
    process = subprocess.Popen(
        ("dvc", "repro", "--force", "--single-item", "pairs"),
        cwd=project.root,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert until(lambda: any(scratch.glob("*/*")) or process.poll() is not None, 120)
    assert process.poll() is None
    edit(project.root)
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


def longest_side(project: Project) -> int:
    pairs = pl.read_parquet(project.root / "data/pairs/*.parquet")
    return int(pairs.select(pl.max_horizontal("width", "height").max()).item())


def status(project: Project) -> str:
    return project.run("dvc", "status", "pairs").output


def edit_size(size: int) -> Callable[[Path], object]:
    return lambda root: Project(root).edit(pairs__image_size=size)


def add_line(name: str) -> Callable[[Path], object]:
    def edit(root: Path) -> None:
        with (root / name).open("a") as file:
            file.write("\n# another line\n")

    return edit


def test_an_edited_parameter_is_not_locked_with_outs_of_another(project: Project) -> None:
    edit_size(100)(project.root)
    project.repro("pairs")
    lock = (project.root / "dvc.lock").read_bytes()

    code, output = repro(project, edit_size(120))
    assert code != 0 and "Traceback" not in output
    assert "pairs: error: params.yaml: pairs.image_size (100, now 120) was edited while" in output
    assert (project.root / "dvc.lock").read_bytes() == lock
    assert "params.yaml" in status(project)

    edit_size(100)(project.root)  # the edit is taken back too late: what was written fits again
    assert longest_side(project) == 100
    assert project.run("dvc", "commit", "--force", "pairs").code == 0
    assert "up to date" in status(project)

    code, output = repro(project, edit_size(120))
    assert code != 0
    assert project.repro("pairs").ran == {"pairs"}  # and not from the run cache
    assert longest_side(project) == 120
    edit_size(100)(project.root)
    assert project.repro("pairs").restored == {"pairs"}
    assert longest_side(project) == 100


@pytest.mark.parametrize("name", ["pacl_core/corpus/cleaning.py", "data/corpora/openmoji.yaml"])
def test_edited_code_or_data_is_not_locked(project: Project, name: str) -> None:
    project.repro("pairs")
    code, output = repro(project, add_line(name))
    assert code != 0
    assert f"pairs: error: {name} was edited while this stage ran" in output
    assert name.rpartition("/")[0].partition("/")[0] in status(project)
    assert project.repro("pairs").ran == {"pairs"}
    assert "up to date" in status(project)


def test_the_next_run_may_be_prepared(project: Project) -> None:
    """Another stage's parameter, a touched file, an edit that is taken back."""

    def edit(root: Path) -> None:
        Project(root).edit(train__epochs=7, pairs__image_size=140)
        (root / "pacl_core/corpus/cleaning.py").touch()
        add_line("pacl_core/training/loop.py")(root)
        Project(root).edit(pairs__image_size=100)

    edit_size(100)(project.root)
    project.repro("pairs")
    code, output = repro(project, edit)
    assert code == 0, output
    assert "up to date" in status(project)
