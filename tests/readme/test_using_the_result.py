"""Every command and every snippet of the README's 'Using the result', run as written on a small run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_run import drawing, write_downstream, write_metrics, write_models, write_pairs_and_partition
from tiny_checkpoints import write_tiny_open_clip, write_tiny_timm_resnet

from pacl_core.models.backbones import load_backbone
from pacl_core.models.saved import save_model
from pacl_core.params.models import BackboneParams

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "README.md").read_text(encoding="utf-8").split("## Using the result\n")[1].split("\n## ")[0]
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", SECTION, re.DOTALL)
COMMANDS = [
    line.split("  #")[0].strip() for kind, block in BLOCKS if kind == "" for line in block.splitlines()
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
    (root / "holiday.jpg").write_bytes(drawing(1))
    (root / "pictures").mkdir()
    (root / "pictures/one.png").write_bytes(drawing(2))
    return root


def environment() -> dict[str, str]:
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PACL_DEVICE": "cpu"}


def python(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=root,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_section_is_what_these_tests_expect():
    assert len(COMMANDS) == 9 and all(command.startswith("pacl ") for command in COMMANDS)
    assert len(SNIPPETS) == 4
    assert set(COMMANDS) > RUNS_UNTIL_STOPPED | OF_THE_WHOLE_PROJECT


@pytest.mark.parametrize("command", [one for one in COMMANDS if one not in RUNS_UNTIL_STOPPED])
def test_commands(project, command):
    if "export onnx" in command:
        pytest.importorskip("onnxruntime", reason="the extra 'export' is not installed")
    root = ROOT if command in OF_THE_WHOLE_PROJECT else project
    done = python(root, "-m", "pacl_core.cli.main", *shlex.split(command)[1:])
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout or "embed" in command


def test_the_files_that_the_commands_promise(project):
    for name in ("vectors.npy", "vectors.paths.txt", "pacl.onnx", "hub/pacl/README.md"):
        if name != "pacl.onnx" or (project / name).exists():
            assert (project / name).is_file(), name


def test_pacl_core_load(project):
    shape = "assert (vectors.shape, shares.shape) == ((1, model.dim), (1, 2))"
    done = python(project, "-c", f"{SNIPPETS[0]}\n{shape}")
    assert done.returncode == 0, done.stderr
    initial = SNIPPETS[0].replace("models/pacl", "models/initial").split("shares")[0]
    assert python(project, "-c", initial).returncode == 0


SAME = """
import torch
from pacl_core.models.saved import load_model
from pathlib import Path
backbone = load_model(Path("models/pacl"))
size = backbone.preprocess.size
images = torch.linspace(-1, 1, 2 * 3 * size * size).view(2, 3, size, size)
with torch.no_grad():
    torch.testing.assert_close({theirs}, backbone.module(images))
"""


def test_plain_efficientnet_lite(project):
    theirs = "network.eval().extract_features(images).mean(dim=(2, 3))"
    snippet = SNIPPETS[1].replace("image_size=112", "image_size=64")
    done = python(project, "-c", snippet + SAME.format(theirs=theirs))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("snippet", "write"),
    [
        (SNIPPETS[2].replace("resnet50.a1_in1k", "test_resnet.r160_in1k"), write_tiny_timm_resnet),
        (SNIPPETS[3], write_tiny_open_clip),
    ],
    ids=["timm", "open_clip"],
)
def test_plain_libraries(tmp_path, snippet, write):
    backbone = load_backbone(BackboneParams(**write(tmp_path / "published")))
    (tmp_path / "models/pacl").mkdir(parents=True)
    save_model(tmp_path / "models/pacl", backbone, None, None)
    theirs = {
        "timm": "network.forward_head(network.forward_features(images), pre_logits=True)",
        "open_clip": "network.visual(images)",
    }[backbone.library]
    same = SAME.format(theirs=theirs)
    if backbone.library == "open_clip":  # whole CLIP ends in its projection
        same = same.replace("backbone.module(images)", "backbone.module(images) @ network.visual.proj")
    done = python(tmp_path, "-c", snippet + same)
    assert done.returncode == 0, done.stderr
