"""Every command and every snippet of the README's 'Using the result', run as written on a small run."""

import re
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pacl_core.cli.main import main
from pacl_core.models.backbones import load_backbone
from pacl_core.models.saved import load_model, save_model
from pacl_core.params.models import BackboneParams
from tests.paths import ROOT
from tests.small_run import drawing, write_downstream, write_metrics, write_models, write_pairs_and_partition
from tests.tiny_checkpoints import write_tiny_open_clip, write_tiny_timm_resnet

SECTION = (ROOT / "README.md").read_text(encoding="utf-8").split("## Using the result\n")[1].split("\n## ")[0]
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", SECTION, re.DOTALL)
COMMANDS = [
    line.split("  #")[0].strip() for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()
]
SNIPPETS = [block for kind, block in BLOCKS if kind == "python"]
RUNS_UNTIL_STOPPED = {"pacl explore"}  # tests/explorer serves it
OF_THE_WHOLE_PROJECT = {"pacl doctor"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    write_pairs_and_partition(root)
    write_models(root)
    write_downstream(root)
    write_metrics(root)
    shutil.copy(ROOT / "params.yaml", root)
    (root / "docs/images").mkdir(parents=True)
    shutil.copy(ROOT / "docs/images/crying_face.png", root / "docs/images")
    (root / "images").mkdir()
    (root / "images/one.png").write_bytes(drawing(2))
    return root


@pytest.fixture
def pacl(monkeypatch, capsys):
    """Runs a command line as the console script does, but in this process: torch is loaded once."""
    monkeypatch.setenv("PACL_DEVICE", "cpu")

    def run(command: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", shlex.split(command))
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out + captured.err

    return run


def executed(snippet: str) -> dict[str, Any]:
    """The names that a snippet leaves."""
    names: dict[str, Any] = {}
    exec(compile(snippet, "README.md", "exec"), names)
    return names


def test_the_section_is_what_these_tests_expect():
    assert len(COMMANDS) == 9 and all(command.startswith("pacl ") for command in COMMANDS)
    assert len(SNIPPETS) == 3
    assert set(COMMANDS) > RUNS_UNTIL_STOPPED | OF_THE_WHOLE_PROJECT


@pytest.mark.parametrize("command", [one for one in COMMANDS if one not in RUNS_UNTIL_STOPPED])
def test_commands(project, pacl, monkeypatch, command):
    if "export onnx" in command:
        pytest.importorskip("onnxruntime", reason="the extra 'export' is not installed")
    monkeypatch.chdir(ROOT if command in OF_THE_WHOLE_PROJECT else project)
    code, said = pacl(command)
    assert code == 0, said
    assert said or "embed" in command


def test_the_files_that_the_commands_promise(project):
    for name in ("vectors.npy", "vectors.paths.txt", "pacl.onnx", "hub/pacl/README.md"):
        if name != "pacl.onnx" or (project / name).exists():
            assert (project / name).is_file(), name


def test_pacl_core_load(project, monkeypatch):
    monkeypatch.chdir(project)
    names = executed(SNIPPETS[0])
    assert (names["vectors"].shape, names["probabilities"].shape) == ((1, names["model"].dim), (1, 2))
    executed(SNIPPETS[0].replace("models/pacl", "models/initial").split("probabilities")[0])


def features_here(count: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Images, and what this project makes of them with models/pacl."""
    backbone = load_model(Path("models/pacl"))
    size = backbone.preprocess.size
    images = torch.linspace(-1, 1, count * 3 * size * size).view(count, 3, size, size)
    with torch.no_grad():
        return images, backbone.module(images)


def test_the_embedded_default_in_plain_timm(project, monkeypatch):
    monkeypatch.chdir(project)
    network = executed(SNIPPETS[1])["network"]
    images, expected = features_here()
    with torch.no_grad():
        found = network.forward_head(network.forward_features(images), pre_logits=True)
    torch.testing.assert_close(found, expected)


def test_plain_timm(tmp_path, monkeypatch):
    saved_model(tmp_path, write_tiny_timm_resnet)
    monkeypatch.chdir(tmp_path)
    network = executed(SNIPPETS[1].replace("tf_efficientnet_lite0", "test_resnet.r160_in1k"))["network"]
    images, expected = features_here()
    with torch.no_grad():
        found = network.forward_head(network.forward_features(images), pre_logits=True)
    torch.testing.assert_close(found, expected)


def test_plain_open_clip(tmp_path, monkeypatch):
    saved_model(tmp_path, write_tiny_open_clip)
    monkeypatch.chdir(tmp_path)
    network = executed(SNIPPETS[2])["network"]
    images, expected = features_here()
    with torch.no_grad():  # whole CLIP ends in its projection
        torch.testing.assert_close(network.visual(images), expected @ network.visual.proj)


def saved_model(root: Path, write: Callable[[Path], dict[str, Any]]) -> None:
    """models/pacl of a tiny backbone, with projectors next to it as after training."""
    backbone = load_backbone(BackboneParams(**write(root / "published")))
    (root / "models/pacl").mkdir(parents=True)
    projectors = {"image.weight": torch.ones(2, backbone.dim), "text.weight": torch.ones(2, 2)}
    save_model(root / "models/pacl", backbone, None, projectors=projectors)
