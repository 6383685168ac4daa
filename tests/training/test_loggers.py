"""Loggers: what TensorBoard, MLflow and Weights & Biases hold afterwards is what the training said."""

import subprocess
import sys
from pathlib import Path

import pytest

from pacl_core.errors import UserError
from pacl_core.params.training import TrainingParams
from pacl_core.training.loggers import logging_to
from pacl_core.training.loop import Run, train
from tests.paths import ROOT
from tests.training.toy import Toy

PARAMS = TrainingParams(epochs=2, batch_size=6)


def test_tensorboard_gets_every_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    monkeypatch.chdir(tmp_path)
    toy = Toy()
    history = train(toy, PARAMS, Run(tmp_path / "work", loggers=("tensorboard",), name="toy"))
    read = events.EventAccumulator(str(tmp_path / "runs/toy")).Reload()
    steps = len(toy.batches(0))
    slope = read.Scalars("loss/slope")
    assert [one.step for one in slope] == list(range(1, 2 * steps + 1))
    mean = sum(one.value for one in slope[steps:]) / steps
    assert mean == pytest.approx(history[1]["loss/slope"], rel=1e-5)
    errors = read.Scalars("error")  # evaluated once an epoch
    assert [one.step for one in errors] == [steps, 2 * steps]
    assert [one.value for one in errors] == pytest.approx([epoch["error"] for epoch in history], rel=1e-6)


def test_nobody_listens_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    train(Toy(), PARAMS, Run(tmp_path / "work"))
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


def test_mlflow_gets_params_and_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # the store that needs neither server nor database
    mlflow.set_tracking_uri((tmp_path / "kept").as_uri())
    with logging_to(["mlflow"], run="toy", params={"epochs": 2}) as say:
        say(3, {"loss/slope": 0.5})
        say(6, {"loss/slope": 0.25, "error": 1.0})
    (found,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert found.info.run_name == "toy" and found.data.params == {"epochs": "2"}
    history = mlflow.MlflowClient().get_metric_history(found.info.run_id, "loss/slope")
    assert [(one.step, one.value) for one in history] == [(3, 0.5), (6, 0.25)]


def test_wandb_keeps_it_here_when_told_so(tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    program = (
        "from pacl_core.training.loggers import logging_to\n"
        "with logging_to(['wandb'], run='toy', params={'epochs': 2}) as say:\n"
        "    say(3, {'loss/slope': 0.5})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "WANDB_MODE": "offline",
            "HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (kept,) = (tmp_path / "wandb").glob("offline-run-*/run-*.wandb")
    assert b"loss/slope" in kept.read_bytes()


def test_a_missing_package_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with (
        pytest.raises(UserError, match="wandb is not installed: pip install wandb"),
        logging_to(["wandb"], run="toy", params={}),
    ):
        raise AssertionError("not reached")
