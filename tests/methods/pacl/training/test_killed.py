"""The train stage killed with SIGKILL in mid-run and started again: the same files, byte for byte."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import timm
import torch
import yaml
from safetensors.torch import save_file

from pacl_core.methods.params import load
from stages.initial import main as save_initial
from stages.train import main as run_stage
from tests.paths import ROOT

EPOCHS = 6


@pytest.fixture
def project(
    tmp_path: Path, make_shards: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A folder with shards, a tiny timm backbone and a params.yaml; it is the working directory."""
    make_shards()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = timm.create_model("test_resnet")
    save_file(model.state_dict(), tmp_path / "tiny.safetensors")
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    tree["backbone"] = {
        "kind": "timm",
        "name": "test_resnet",
        "weights": "tiny.safetensors",
        "image_size": 32,
    }
    tree["train"] |= {"epochs": EPOCHS, "batch_size": 4, "dim": 16, "projector_warmup_steps": 0}
    tree["train"] |= {"batch_norm": "update", "horizontal_flip": True}
    tree["train"] |= {"holdout": 3, "ema": 0.9, "temperature_learnable": True}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACL_DEVICE", "cpu")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # here as in the process that is killed: more threads sum in another order
    yield tmp_path
    torch.set_num_threads(threads)


def outs(project: Path) -> dict[str, bytes]:
    paths = [p for out in ("models", "training") for p in (project / out).rglob("*") if p.is_file()]
    return {str(path.relative_to(project)): path.read_bytes() for path in sorted(paths)}


def checkpoints(project: Path) -> list[str]:
    return sorted(path.name for path in project.glob(".pacl/scratch/train/*/epoch-*"))


def start_and_kill(project: Path, moment: str) -> None:
    """Start the stage, wait for the checkpoint of this moment or a later one, and kill it without warning."""
    environ = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PACL_CHECKPOINT_MINUTES": "0"}
    command = [sys.executable, "-m", "stages.train"]
    with subprocess.Popen(command, cwd=project, env=environ, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 120
        while not any(name >= moment for name in checkpoints(project)):
            assert process.poll() is None, process.stderr.read().decode()  # type: ignore[union-attr]
            assert time.monotonic() < deadline
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL


def test_killed_and_started_again_ends_with_the_same_bytes(project: Path) -> None:
    # in the middle of epochs, of each phase: the first step, and a continued run killed once more
    for moment in ("epoch-00000-000000001", "epoch-00002-000000002", "epoch-00004-000000003"):
        start_and_kill(project, moment)
        assert checkpoints(project)[-1] < f"epoch-{EPOCHS:05d}"
        assert outs(project) == {}  # nothing half-done is published

    run_stage(load("params.yaml"))
    resumed = outs(project)
    assert not list(project.glob(".pacl/scratch/train/*"))  # finished: nothing is left over

    run_stage(load("params.yaml"))  # an uninterrupted run
    assert outs(project) == resumed
    assert {"models/pacl/backbone.safetensors", "models/pacl/projectors.safetensors"} <= set(resumed)
    assert {"models/pacl/model.json", "training/metrics.json"} <= set(resumed)


def test_the_initial_model_is_the_file_it_came_from(project: Path) -> None:
    save_initial(load("params.yaml"))
    names = {path.name for path in (project / "models" / "initial").iterdir()}
    assert {"backbone.safetensors", "model.json"} <= names
    assert "projectors.safetensors" not in names
    saved = timm.create_model(
        "test_resnet", checkpoint_path=str(project / "models/initial/backbone.safetensors")
    ).state_dict()
    given = timm.create_model("test_resnet", checkpoint_path=str(project / "tiny.safetensors")).state_dict()
    assert all(torch.equal(saved[name], given[name]) for name in given)
