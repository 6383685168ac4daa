"""Meter: means over an epoch, a restart included; counts are summed."""

import logging

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.training.meter import Meter


@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=40), st.integers(0, 40))
def test_a_restart_changes_no_mean(values: list[float], at: int) -> None:
    whole = Meter("epoch 1", len(values), {})
    kept: dict[str, list[torch.Tensor]] = {}
    before = Meter("epoch 1", len(values), kept)
    for value in values:
        whole.add({"loss": torch.tensor(value), "skipped_steps": torch.tensor(1.0)}, {"backbone": 0.1}, 2)
    for value in values[:at]:
        before.add({"loss": torch.tensor(value), "skipped_steps": torch.tensor(1.0)}, {"backbone": 0.1}, 2)
    after = Meter("epoch 1", len(values), kept, done=min(at, len(values)))
    for value in values[at:]:
        after.add({"loss": torch.tensor(value), "skipped_steps": torch.tensor(1.0)}, {"backbone": 0.1}, 2)
    found = whole.means()
    assert found["loss"] == pytest.approx(sum(values) / len(values), rel=1e-4, abs=1e-4)
    assert found["skipped_steps"] == len(values)
    assert found["learning_rate/backbone"] == 0.1
    again = after.means()
    assert {name: again[name] for name in ("loss", "skipped_steps")} == {
        name: found[name] for name in ("loss", "skipped_steps")
    }


def test_waiting_for_data_is_said(caplog: pytest.LogCaptureFixture) -> None:
    meter = Meter("epoch 1 of 2", 3, {})
    with caplog.at_level(logging.INFO, "pacl"):
        for number in meter.waits(range(3)):
            meter.add({"loss": torch.tensor(float(number))}, {}, 4)
        meter.means()
    assert "epoch 1 of 2: loss 1.000;" in caplog.text and "waiting for data" in caplog.text
