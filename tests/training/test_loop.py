"""The engine on a method that is none of the project's: it trains, resumes, runs on two ranks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pacl_core.errors import UserError
from pacl_core.params.training import Momentum, Staircase, TrainingParams
from pacl_core.training import loop
from pacl_core.training.loop import Run, train
from tests.paths import ROOT
from tests.training.toy import Toy, weights

PARAMS = TrainingParams(epochs=4, batch_size=6, warmup_steps=2, ema=0.9, clip_norm=5.0)


def test_it_learns_both_terms(tmp_path: Path) -> None:
    toy = Toy()
    history = train(toy, PARAMS, Run(tmp_path))
    for term in ("slope", "offset"):
        assert history[-1][f"loss/{term}"] < 0.8 * history[0][f"loss/{term}"]
    assert [epoch["error"] for epoch in history] == sorted(
        (epoch["error"] for epoch in history), reverse=True
    )
    assert history[0]["learning_rate/backbone"] > history[-1]["learning_rate/backbone"] > 0
    assert not toy.model.training


class Sgd(TrainingParams):
    """A section that asks for SGD and for rates that fall to a tenth after the third epoch."""

    @property
    def optimiser(self) -> Momentum:
        return Momentum(0.8)

    @property
    def descent(self) -> Staircase:
        return Staircase(3)


@pytest.mark.parametrize("minutes", [0, 10])
@pytest.mark.parametrize("params", [PARAMS, Sgd(**PARAMS.model_dump())], ids=["adamw", "sgd"])
def test_stopped_at_every_checkpoint_it_ends_with_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minutes: float, params: TrainingParams
) -> None:
    whole = Toy()
    history = train(whole, params, Run(tmp_path / "whole"))
    save = loop.save_checkpoint

    def save_and_stop(*arguments: object, **named: object) -> None:
        save(*arguments, **named)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "save_checkpoint", save_and_stop)
    for _ in range(params.epochs * (len(whole.batches(0)) if minutes == 0 else 1)):
        with pytest.raises(KeyboardInterrupt):
            train(Toy(), params, Run(tmp_path / "parts", minutes))
    parts = Toy()
    assert train(parts, params, Run(tmp_path / "parts", minutes)) == history
    assert all(torch.equal(one, other) for one, other in zip(weights(whole), weights(parts), strict=True))


def test_a_loss_that_is_not_finite_is_named_with_its_samples(tmp_path: Path) -> None:
    toy = Toy(broken=7)
    message = (
        r"step \d \(epoch 1\): loss of (slope|offset) is nan; lower the learning rates in 'train'.*row 7"
    )
    with pytest.raises(UserError, match=message):
        train(toy, PARAMS, Run(tmp_path))


def test_a_warm_up_longer_than_the_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"toy\.warmup_steps: 999 of a run of \d+ steps"):
        train(Toy(), PARAMS.model_copy(update={"warmup_steps": 999}), Run(tmp_path, section="toy"))


def test_two_processes_end_where_one_does(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"]
    command += ["--nproc-per-node", "2", "-m", "tests.training.toy", str(tmp_path)]
    environ = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    toy = Toy()
    history = train(toy, PARAMS, Run(tmp_path / "alone"))
    found = json.loads((tmp_path / "two.json").read_text())
    for alone, together in zip(weights(toy), found["weights"], strict=True):
        torch.testing.assert_close(torch.tensor(together), alone, rtol=1e-5, atol=1e-6)
    assert found["history"][-1] == pytest.approx(history[-1], rel=1e-4)
