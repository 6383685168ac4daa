"""Runs of several ranks, each a process that torchrun starts, against one process on the same batches."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from pacl_core.errors import UserError
from pacl_core.files.vectors import write_vectors
from pacl_core.training.distributed import ALONE, World, world_of
from tests.methods.pacl.training.rank_cases import train_cases
from tests.paths import ROOT

COUNT = 3
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"]
ENVIRON = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PACL_DEVICE": "cpu"}
if sys.platform == "linux":
    ENVIRON |= {"GLOO_SOCKET_IFNAME": "lo"}

# shares that differ in length, partitions of one sample and of two, one shard in a partition
PLAIN = {"epochs": 3, "batch_size": 8, "dim": 16, "backbone_lr": 1e-3, "projector_lr": 1e-2}
UNEVEN = {"strong": 12, "partial_emotional": 20, "partial_factual": 7, "weak": 5}
FEW = {"strong": 2, "partial_factual": 1, "weak": 2}
CASES: dict[str, tuple[dict[str, int], dict[str, Any]]] = {
    "frozen": (UNEVEN, {"batch_norm": "frozen", "horizontal_flip": True}),
    "again": (UNEVEN, {"batch_norm": "frozen", "horizontal_flip": True}),
    "update": (UNEVEN, {"batch_norm": "update", "random_resized_crop": True}),
    "few": (FEW, {"batch_norm": "frozen"}),
    "few-update": (FEW, {"batch_norm": "update"}),
    "warm": ({"strong": 7}, {"batch_norm": "frozen", "projector_warmup_steps": 5}),
    "options": (
        UNEVEN,
        {"batch_norm": "frozen", "temperature_learnable": True, "clip_norm": 0.5, "ema": 0.9, "holdout": 3},
    ),
    "mixed": (UNEVEN, {"batch_norm": "frozen", "batching": "mixed"}),
    "large": ({"strong": 64, "weak": 64}, {"batch_norm": "frozen", "batch_size": 64}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ranks")


@pytest.fixture
def trained(folder: Path, make_shards: Callable[..., Path]) -> Path:
    """The folder with the results of every case, by one process and by three ranks; made once."""
    if not (folder / "cases.json").exists():
        cases = {}
        for name, (sizes, params) in CASES.items():
            shards = make_shards(sizes, folder / "shards" / name)
            cases[name] = {"shards": str(shards), "params": PLAIN | params}
            if "projector_warmup_steps" in params:
                cases[name]["images"] = str(stored_images(folder / "images", sizes))
        (folder / "cases.json").write_text(json.dumps(cases))
        command = [
            *TORCHRUN,
            "--nproc-per-node",
            str(COUNT),
            "-m",
            "tests.methods.pacl.training.rank_cases",
            str(folder),
        ]
        done = subprocess.run(command, env=ENVIRON, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        train_cases(folder, ALONE)
    return folder


def stored_images(folder: Path, sizes: dict[str, int]) -> Path:
    ids = [f"{name}/{number}" for name, size in sizes.items() for number in range(size)]
    pl.DataFrame({"sample_id": ids}).write_parquet(folder.with_suffix(".parquet"))
    vectors = np.random.default_rng(0).normal(size=(len(ids), 10)).astype(np.float32)
    write_vectors(folder, folder.with_suffix(".parquet"), lambda start, stop: vectors[start:stop], dim=10)
    return folder


def weights(folder: Path, case: str, count: int) -> dict[str, Tensor]:
    return load_file(folder / f"{case}-{count}.safetensors")


def found(folder: Path, case: str, count: int) -> Any:
    return json.loads((folder / f"{case}-{count}.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_ranks_end_with_the_weights_and_curves_of_one_process(trained: Path, case: str) -> None:
    alone, together = weights(trained, case, 1), weights(trained, case, COUNT)
    assert alone.keys() == together.keys()
    for name, tensor in alone.items():
        torch.testing.assert_close(together[name], tensor, rtol=1e-5, atol=1e-5)
    curves = zip(found(trained, case, 1)["history"], found(trained, case, COUNT)["history"], strict=True)
    for of_one, of_all in curves:
        assert of_all == pytest.approx(of_one, rel=1e-4, abs=1e-6)


def test_the_same_seed_ends_with_the_same_bits(trained: Path) -> None:
    first, second = weights(trained, "frozen", COUNT), weights(trained, "again", COUNT)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["0.weight"], weights(trained, "update", COUNT)["0.weight"])


def test_memory_holds_local_rows_of_similarities_only(trained: Path) -> None:
    assert found(trained, "large", 1)["similarity_rows"] == 64
    assert found(trained, "large", COUNT)["similarity_rows"] == 22


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 64])
def test_shares_are_contiguous_and_even(size: int) -> None:
    shares = [World(rank, 3).local_slice(size) for rank in range(3)]
    assert [row for share in shares for row in range(size)[share]] == list(range(size))
    lengths = [share.stop - share.start for share in shares]
    assert max(lengths) - min(lengths) <= 1


def test_ranks_on_one_gpu_or_elsewhere_are_refused() -> None:
    environ = {"WORLD_SIZE": "2", "LOCAL_RANK": "0"}
    for device in ("cuda:0", "mps"):
        with pytest.raises(UserError, match=device), world_of(device, environ):
            pass
