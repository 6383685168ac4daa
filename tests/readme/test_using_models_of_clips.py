"""Every command and the snippet of docs/clips.md on models of clips, run as written on a tiny one."""

import re
import shlex
import sys

import numpy as np
import pytest

from pacl_core.cli.main import main
from tests.paths import ROOT
from tests.small_run import drawing
from tests.tiny_checkpoints import write_tiny_clip_model
from tests.videos import numbered, write_video

PAGE = (ROOT / "docs/clips.md").read_text(encoding="utf-8")
SECTION = PAGE.split("## Using a model on videos\n")[1].split("\n## ")[0]
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", SECTION, re.DOTALL)
COMMANDS = [
    line.split("  #")[0].strip() for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()
]
(SNIPPET,) = [block for kind, block in BLOCKS if kind == "python"]
WRITTEN = {
    "-o emotions.csv": ("emotions.csv", "emotions.svg"),
    "-o vectors.parquet": ("vectors.parquet",),
    "export hf": ("hub/sap/open_clip_model.safetensors", "hub/sap/temporal.safetensors"),
    "export onnx": ("sap.onnx",),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    write_tiny_clip_model(root / "models/sap")
    write_video(root / "clip.mp4", numbered(25))
    (root / "images").mkdir()
    (root / "images/one.png").write_bytes(drawing(2))
    return root


def test_the_section_is_what_these_tests_expect():
    assert len(COMMANDS) == 6 and all("-m models/sap" in command for command in COMMANDS)
    assert all(any(part in command for command in COMMANDS) for part in WRITTEN)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(project, monkeypatch, capsys, command):
    if "export onnx" in command:
        pytest.importorskip("onnxruntime", reason="the extra 'export' is not installed")
    monkeypatch.setenv("PACL_DEVICE", "cpu")
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capsys.readouterr()
    assert not ended.value.code, captured.err
    assert captured.out
    for name in (name for part, names in WRITTEN.items() if part in command for name in names):
        assert (project / name).is_file(), name


def test_python(project, monkeypatch):
    monkeypatch.chdir(project)
    names = {}
    exec(compile(SNIPPET, "clips.md", "exec"), names)
    model = names["model"]
    assert (names["whole"].shape, names["marked"].shape) == ((1, model.dim), (2, model.dim))
    assert names["probabilities"].sum() == pytest.approx(1)
    np.testing.assert_allclose(names["marked"][1], names["whole"][0], atol=1e-5)
