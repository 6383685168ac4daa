"""The train stage under torchrun: the files of one process, and an end in sight when a rank is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch
import yaml
from safetensors.torch import load_file, save_file

from tests.paths import ROOT

EPOCHS = 9
ENVIRON = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PACL_DEVICE": "cpu"}
ENVIRON |= {"PACL_CHECKPOINT_MINUTES": "0"}  # after every step: the kill is in the middle of an epoch
if sys.platform == "linux":
    ENVIRON |= {"GLOO_SOCKET_IFNAME": "lo"}
STAGE = [sys.executable, "-m", "stages.train"]
TWO_RANKS = [
    *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"),
    *("--nproc-per-node", "2", "-m", "stages.train"),
]


@pytest.fixture
def project(tmp_path: Path, make_shards: Callable[..., Path]) -> Path:
    """A folder with shards, a tiny timm backbone and a params.yaml."""
    make_shards()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_file(timm.create_model("test_resnet").state_dict(), tmp_path / "tiny.safetensors")
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    weights = {"name": "test_resnet", "weights": "tiny.safetensors", "image_size": 32}
    tree["backbone"] = {"kind": "timm", **weights}
    tree["train"] |= {"epochs": EPOCHS, "batch_size": 8, "dim": 16, "projector_warmup_steps": 0}
    # AdamW moves a weight by about its rate whatever the gradient's size, so rounding grows with the rate
    tree["train"] |= {"batch_norm": "frozen", "horizontal_flip": True, "backbone_lr": 1e-4}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    return tmp_path


def run(project: Path, command: list[str]) -> str:
    done = subprocess.run(command, cwd=project, env=ENVIRON, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stderr


def outs(project: Path) -> dict[str, bytes]:
    paths = [p for out in ("models", "training") for p in (project / out).rglob("*") if p.is_file()]
    return {str(path.relative_to(project)): path.read_bytes() for path in sorted(paths)}


def ranks_of(launcher: int) -> list[int]:
    """Processes whose parent is the launcher, as /proc knows them."""
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    return [pid for pid in map(int, children) if b"stages.train" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the ranks in /proc")
def test_a_killed_rank_ends_the_run_and_the_next_run_ends_with_the_same_bytes(project: Path) -> None:
    with subprocess.Popen(TWO_RANKS, cwd=project, env=ENVIRON, stderr=subprocess.PIPE, text=True) as launcher:
        deadline = time.monotonic() + 120
        while not list(project.glob(".pacl/scratch/train/*/epoch-*")):
            assert launcher.poll() is None, launcher.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.002)
        ranks = ranks_of(launcher.pid)
        assert len(ranks) == 2
        os.kill(ranks[1], signal.SIGKILL)
        try:
            said = launcher.communicate(timeout=60)[1]
        finally:
            launcher.kill()
    assert launcher.returncode > 0 and "SIGKILL" in said
    assert not any(Path(f"/proc/{rank}").exists() for rank in ranks)
    assert outs(project) == {}
    assert list(project.glob(".pacl/scratch/train/*/epoch-*"))

    said = run(project, TWO_RANKS)
    assert said.count("resuming after") == 1  # rank 0 alone speaks
    assert not list(project.glob(".pacl/scratch/train/*"))
    resumed = outs(project)
    run(project, TWO_RANKS)
    assert outs(project) == resumed

    run(project, STAGE)
    alone = outs(project)
    assert alone.keys() == resumed.keys()
    for name in ("backbone", "projectors"):
        path = f"models/pacl/{name}.safetensors"
        (project / "two.safetensors").write_bytes(resumed[path])
        of_two = load_file(project / "two.safetensors")
        for key, tensor in load_file(project / path).items():
            torch.testing.assert_close(of_two[key], tensor, rtol=1e-5, atol=1e-5)


def test_all_ranks_train_every_seed(project: Path) -> None:
    def trained(**changes: int) -> dict[str, bytes]:
        tree = yaml.safe_load((project / "params.yaml").read_text())
        tree["train"] |= {"epochs": 1, **changes}
        (project / "params.yaml").write_text(yaml.safe_dump(tree))
        run(project, TWO_RANKS)
        assert not list(project.glob(".pacl/scratch/train/*"))
        return outs(project)

    once, twice = trained(), trained(seeds=2)
    others = {name: data for name, data in twice.items() if "/seeds/1/" in name}
    assert {name: data for name, data in twice.items() if name not in others} == once
    weights = "backbone.safetensors"
    assert others[f"models/pacl/seeds/1/{weights}"] != once[f"models/pacl/{weights}"]
