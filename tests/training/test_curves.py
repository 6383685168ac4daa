"""Curves: dvclive's files and the points of the steps, the same bytes each time, and nothing but them."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.params.training import TrainingParams
from pacl_core.training.curves import keep_points, thinned, write_curves
from pacl_core.training.loop import Run, train
from tests.training.toy import Toy

HISTORY = [
    {"loss/strong": 4.25, "learning_rate/backbone": 1e-4},
    {},  # an epoch in which no partition had pairs
    {"loss/strong": 3.5, "loss/weak": 2.0, "learning_rate/backbone": 1e-6},
]
POINTS = [
    {"loss/strong": [(2, 4.5), (4, 4.0)]},
    {},
    {"loss/strong": [(6, 3.5)], "loss/weak": [(5, 2.5), (6, 1.5)]},
]


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def kept(work: Path) -> Path:
    for epoch, points in enumerate(POINTS):
        keep_points(work, epoch, points)
    return work


def test_one_row_per_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("training").mkdir()
    write_curves(Path("training"), HISTORY, kept(tmp_path / "work"))
    assert Path("training/plots/metrics/loss/strong.tsv").read_text() == "step\tstrong\n0\t4.25\n2\t3.5\n"
    assert Path("training/plots/metrics/loss/weak.tsv").read_text() == "step\tweak\n2\t2.0\n"
    metrics = json.loads(Path("training/metrics.json").read_text())
    assert metrics == {
        "step": 2,
        "loss": {"strong": 3.5, "weak": 2.0},
        "learning_rate": {"backbone": 1e-6},
    }


def test_points_by_the_share_of_epochs_that_are_over(tmp_path: Path) -> None:
    (tmp_path / "training").mkdir()
    write_curves(tmp_path / "training", HISTORY, kept(tmp_path / "work"))
    steps = tmp_path / "training/plots/steps/loss"
    assert (steps / "strong.tsv").read_text() == "epoch\tstrong\n0.5\t4.5\n1.0\t4.0\n3.0\t3.5\n"
    assert (steps / "weak.tsv").read_text() == "epoch\tweak\n2.5\t2.5\n3.0\t1.5\n"


def test_same_bytes_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = kept(tmp_path / "work")
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    for name, reverse in (("one", False), ("other", True)):  # a restart changes the order of the names
        Path(name).mkdir()
        write_curves(Path(name), [dict(sorted(epoch.items(), reverse=reverse)) for epoch in HISTORY], work)
    assert files(Path("one")) == files(Path("other"))
    assert sorted(path.name for path in Path().iterdir()) == ["one", "other"]
    assert set(files(Path("one"))) == {
        "metrics.json",
        "plots/metrics/learning_rate/backbone.tsv",
        "plots/metrics/loss/strong.tsv",
        "plots/metrics/loss/weak.tsv",
        "plots/steps/loss/strong.tsv",
        "plots/steps/loss/weak.tsv",
    }


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=300), st.integers(0, 9), st.data())
def test_points_hold_each_step_once(values: list[float], start: int, data: st.DataObject) -> None:
    """Their means, weighted by the number of their steps, are the epoch's; the last ends with the epoch."""
    steps = len(values) + data.draw(st.integers(0, 5))
    (points,) = thinned({"loss": [torch.tensor(one) for one in values]}, start=start, steps=steps).values()
    assert len(points) == min(50, len(values))
    ends = [end for end, _ in points]
    assert ends == sorted(ends) and ends[0] > start and ends[-1] == start + steps
    if steps == len(values):
        counts = [after - before for before, after in zip([start, *ends], ends, strict=False)]
        mean = sum(count * value for count, (_, value) in zip(counts, points, strict=True)) / steps
        if len(values) <= 50:
            assert mean == pytest.approx(sum(values) / steps, abs=1e-6)


def test_a_run_keeps_a_point_per_step(tmp_path: Path) -> None:
    toy = Toy()
    params = TrainingParams(epochs=2, batch_size=6)
    history = train(toy, params, Run(tmp_path / "work"))
    (tmp_path / "out").mkdir()
    write_curves(tmp_path / "out", history, tmp_path / "work")
    header, *rows = (tmp_path / "out/plots/steps/loss/slope.tsv").read_text().splitlines()
    assert header == "epoch\tslope"
    steps = len(toy.batches(0))
    assert len(rows) == 2 * steps and rows[-1].startswith("2.0\t")
    values = [float(row.split("\t")[1]) for row in rows[:steps]]
    assert sum(values) / steps == pytest.approx(history[0]["loss/slope"], rel=1e-6)
