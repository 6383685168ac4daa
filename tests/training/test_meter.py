"""Curves: dvclive's files, the same bytes each time, and nothing but them."""

import json
from pathlib import Path

import pytest

from pacl_core.training.meter import write_curves

HISTORY = [
    {"loss/strong": 4.25, "learning_rate/backbone": 1e-4},
    {},  # an epoch in which no partition had pairs
    {"loss/strong": 3.5, "loss/weak": 2.0, "learning_rate/backbone": 1e-6},
]


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_one_row_per_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("training").mkdir()
    write_curves(Path("training"), HISTORY)
    assert Path("training/plots/metrics/loss/strong.tsv").read_text() == "step\tstrong\n0\t4.25\n2\t3.5\n"
    assert Path("training/plots/metrics/loss/weak.tsv").read_text() == "step\tweak\n2\t2.0\n"
    metrics = json.loads(Path("training/metrics.json").read_text())
    assert metrics == {
        "step": 2,
        "loss": {"strong": 3.5, "weak": 2.0},
        "learning_rate": {"backbone": 1e-6},
    }


def test_same_bytes_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, reverse in (("one", False), ("other", True)):  # a restart changes the order of the names
        Path(name).mkdir()
        write_curves(Path(name), [dict(sorted(epoch.items(), reverse=reverse)) for epoch in HISTORY])
    assert files(Path("one")) == files(Path("other"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "other"]
    assert set(files(Path("one"))) == {
        "metrics.json",
        "plots/metrics/learning_rate/backbone.tsv",
        "plots/metrics/loss/strong.tsv",
        "plots/metrics/loss/weak.tsv",
    }
