"""The stages of Feng et al. under torchrun: two ranks learn what one process does."""

import os
import subprocess
import sys
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
