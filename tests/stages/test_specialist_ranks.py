"""The stages of Feng et al. under torchrun: two ranks learn what one process does."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.methods.feng import made
from tests.paths import ROOT
from tests.stages.test_specialist import params_of, write_sets

ENVIRON = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PACL_DEVICE": "cpu"}
if sys.platform == "linux":
    ENVIRON |= {"GLOO_SOCKET_IFNAME": "lo"}
RANKS = {
    1: [sys.executable],
    2: [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"),
        *("--nproc-per-node", "2"),
    ],
}
CAPTION = {**made.SMALL["caption"], "dropout": 0.0}  # each rank drops others
STAGES = {"specialist_st": "mine-st", "specialist_ho": "mine-ho", "specialist_hp": "mine-hp"}


@pytest.mark.slow
def test_two_ranks_have_the_weights_of_one(tmp_path: Path) -> None:
    for count, launcher in RANKS.items():
        folder = tmp_path / str(count)
        write_sets(folder / "data/pretext")
        params_of(folder, caption=CAPTION)
        for stage in (*STAGES, "amalgamate"):
            command = [*launcher, "-m", f"stages.{stage}", "mine"]
            done = subprocess.run(
                command, cwd=folder, env=ENVIRON, capture_output=True, text=True, timeout=600
            )
            assert done.returncode == 0, done.stderr
            assert done.stderr.count(f"{stage}: done in") == 1  # rank 0 alone speaks
        assert not list((folder / ".pacl/scratch").glob("feng-*/*"))
    for model in (*STAGES.values(), "mine"):
        for path in sorted((tmp_path / "1/models" / model).rglob("*.safetensors")):
            alone, two = load_file(path), load_file(tmp_path / "2" / path.relative_to(tmp_path / "1"))
            assert alone.keys() == two.keys()
            for name, tensor in alone.items():
                torch.testing.assert_close(two[name], tensor, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the ranks in /proc")
@pytest.mark.parametrize("part", ["st", "hp"])
def test_two_ranks_that_are_killed_end_with_the_same_bytes(tmp_path: Path, part: str) -> None:
    """All processes end at once in the middle of an epoch, as when a machine is lost."""
    stage, longer = f"specialist_{part}", {"epochs": 3, "step_epochs": 1, "batch_size": 2}
    command = [*RANKS[2], "-m", f"stages.{stage}", "mine"]
    environ = ENVIRON | {"PACL_CHECKPOINT_MINUTES": "0"}
    write_sets(tmp_path / "data/pretext")
    params_of(tmp_path, **{part: longer})

    def run() -> str:
        done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def published() -> dict[Path, bytes]:
        rooms = [tmp_path / room for room in (f"models/mine-{part}", f"training_feng/mine-{part}")]
        return {file: file.read_bytes() for room in rooms for file in room.rglob("*") if file.is_file()}

    run()
    whole = published()
    assert {file.suffix for file in whole} >= {".safetensors", ".json", ".tsv"}
    for file in whole:
        file.unlink()
    with subprocess.Popen(
        command, cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        deadline = time.monotonic() + 300
        while not list((tmp_path / ".pacl/scratch").glob("feng-*/*/epoch-00000-*")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.001)
        os.killpg(process.pid, signal.SIGSTOP)  # torchrun does not end them one by one
        _kill_workers(process.pid)
        os.killpg(process.pid, signal.SIGKILL)
    assert not published()
    assert f"{part}: resuming after 0 epochs and" in run()
    assert published() == whole


def _kill_workers(launcher: int) -> None:
    """The ranks, each of which torchrun has started in a session of its own."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent(entry) == launcher:
            os.kill(int(entry.name), signal.SIGKILL)


def _parent(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None  # it has ended
