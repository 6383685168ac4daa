"""Several trainings of the stages train and recipe: whole runs, and one killed in its second training."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import yaml
from safetensors.torch import load_file, save_file

from pacl_core.methods.params import load
from pacl_core.models.saved import load_model, trainings
from stages.recipe import main as run_recipe
from stages.train import main as run_stage
from tests.paths import ROOT

EPOCHS = 3


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
    weights = {"name": "test_resnet", "weights": "tiny.safetensors", "image_size": 32}
    tree["backbone"] = {"kind": "timm", **weights}
    tree["train"] |= {"epochs": EPOCHS, "batch_size": 8, "dim": 16, "projector_warmup_steps": 0, "holdout": 0}
    tree["recipes"] = {"random": {"partition": "random", "train": {"epochs": 1, "usage": "weak"}}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACL_DEVICE", "cpu")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # here as in the process that is killed: more threads sum in another order
    yield tmp_path
    torch.set_num_threads(threads)


def edit(project: Path, **changes: Any) -> None:
    tree = yaml.safe_load((project / "params.yaml").read_text())
    tree["train"] |= changes
    (project / "params.yaml").write_text(yaml.safe_dump(tree))


def files(folder: Path) -> dict[str, bytes]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(found)}


def outs(project: Path, **changes: Any) -> dict[str, bytes]:
    """What the stage leaves, with these params of `train`."""
    edit(project, **changes)
    run_stage(load("params.yaml"))
    return {
        f"{out}/{name}": data for out in ("models", "training") for name, data in files(Path(out)).items()
    }


def test_the_first_is_as_if_alone_and_each_other_as_if_its_seed_were_the_only_one(project: Path) -> None:
    alone, second = outs(project, seeds=1), outs(project, seed=1)
    assert not [name for name in alone if "seeds" in name]
    both = outs(project, seed=0, seeds=2)
    prefix = "models/pacl/seeds/1/"
    assert {name: data for name, data in both.items() if not name.startswith(prefix)} == alone
    found = {name.removeprefix(prefix): data for name, data in both.items() if name.startswith(prefix)}
    expected = {name.removeprefix("models/pacl/"): data for name, data in second.items()}
    assert found == expected
    assert found["backbone.safetensors"] != alone["models/pacl/backbone.safetensors"]
    assert not list(project.glob(".pacl/scratch/train*"))

    assert trainings(Path("models/pacl")) == {0: Path("models/pacl"), 1: Path("models/pacl/seeds/1")}
    assert load_model(Path("models/pacl/seeds/1")).dim == load_model(Path("models/pacl")).dim


def test_every_seed_holds_out_the_same_pairs(project: Path) -> None:
    several = outs(project, holdout=3, seeds=3)
    cards = [
        json.loads((folder / "model.json").read_text()) for folder in trainings(Path("models/pacl")).values()
    ]
    trained = [card["training"] for card in cards]
    assert [one["params"]["seed"] for one in trained] == [0, 1, 2]
    assert len({json.dumps([one["samples"], one["left_out"], one["held_out"]]) for one in trained}) == 1
    assert trained[0]["held_out"] == 3
    lone = outs(project, seed=2, seeds=1)
    weights = "backbone.safetensors"  # alone, a seed draws held-out pairs of its own
    assert lone[f"models/pacl/{weights}"] != several[f"models/pacl/seeds/2/{weights}"]


def test_a_recipe_is_trained_as_often_and_draws_its_partitions_anew(project: Path) -> None:
    edit(project, seeds=2)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sys.argv", ["recipe", "random"])
        run_recipe(load("params.yaml"))
    first, second = (
        load_file(one / "backbone.safetensors") for one in trainings(Path("models/random")).values()
    )
    assert any(not torch.equal(first[name], second[name]) for name in first)
    assert Path("models/random/seeds/1/training/metrics.json").is_file()
    card = json.loads(Path("models/random/seeds/1/model.json").read_text())["training"]
    assert card["recipe"] == {"name": "random", "partition": "random"}
    assert (card["params"]["seed"], card["params"]["epochs"]) == (1, 1)


def test_killed_in_the_second_training_the_first_is_not_repeated(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    edit(project, seeds=2, epochs=6)
    environ = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PACL_CHECKPOINT_MINUTES": "0"}
    command = [sys.executable, "-m", "stages.train"]
    with subprocess.Popen(command, cwd=project, env=environ, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 120
        while not list(project.glob(".pacl/scratch/train/*/seeds/1/epoch-*")):
            assert process.poll() is None, process.stderr.read().decode()  # type: ignore[union-attr]
            assert time.monotonic() < deadline
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL
    assert not (project / "models").exists() and not (project / "training").exists()

    with caplog.at_level(logging.INFO, "pacl"):
        resumed = outs(project)
    assert "seed 0: finished before" in caplog.text and "seed 1: resuming after" in caplog.text
    assert "seed 0: epoch" not in caplog.text and "seed 1: epoch 6 of 6" in caplog.text
    assert outs(project) == resumed  # an uninterrupted run
    assert "models/pacl/seeds/1/training/metrics.json" in resumed
