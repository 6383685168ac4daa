"""Curves of a training: a row per epoch, and means of a few steps each within it, for files and loggers."""

import csv
from collections.abc import Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from dvclive.live import Live
from torch import Tensor

from pacl_core.files.json_csv import read_json, write_json
from pacl_core.training.checkpoint import History

Points = dict[str, list[tuple[int, float]]]
"""Name of a metric -> (steps of the run until then, mean of the steps since the point before)."""

_POINTS = 50  # of a metric in an epoch, at most
_KEPT = "curves"  # within the work folder of a run: a file per epoch


def thinned(values: Mapping[str, Sequence[Tensor]], *, start: int, steps: int) -> Points:
    """Means of at most 50 windows of the scalars of an epoch of `steps` steps after the run's first `start`.

    A metric of fewer scalars than steps, as one that not every step has, is taken to be spread evenly.
    """
    points = {}
    for name, scalars in sorted(values.items()):
        windows = torch.stack(list(scalars)).double().tensor_split(min(len(scalars), _POINTS))
        ends = (start + round((number + 1) / len(windows) * steps) for number in range(len(windows)))
        points[name] = [(end, window.mean().item()) for end, window in zip(ends, windows, strict=True)]
    return points


def keep_points(work: Path, epoch: int, points: Points) -> None:
    """Keep an epoch's points next to the checkpoints of its run, for `write_curves`."""
    (work / _KEPT).mkdir(parents=True, exist_ok=True)
    write_json(work / _KEPT / f"{epoch:05d}.json", points)


def write_curves(folder: Path, history: History, work: Path) -> None:
    """Write `metrics.json`, `plots/metrics/**.tsv` and `plots/steps/**.tsv` into an existing folder.

    The first has the last values, the second a row per epoch, the third the points that `train` kept in
    `work`: `epoch`, a fraction of those that are over, and the value.
    """
    target = folder.resolve()
    # Nothing but the files: no experiment, no dvc.yaml, no report, no time stamps. From a folder outside,
    # since dvclive asks the repository around it for a commit, and fails where there is none yet.
    with (
        TemporaryDirectory() as outside,
        chdir(outside),
        Live(str(target), save_dvc_exp=False, dvcyaml=None, report=None) as live,
    ):
        for epoch, metrics in enumerate(history):
            live.step = epoch
            # dvclive keeps the order of the calls, and a history read back from JSON has another one
            for name, value in sorted(metrics.items()):
                live.log_metric(name, value, timestamp=False)
            live.make_summary()
    _write_steps(
        target / "plots/steps", [read_json(work / _KEPT / f"{n:05d}.json") for n in range(len(history))]
    )


def _write_steps(folder: Path, epochs: Sequence[Points]) -> None:
    for name in sorted({name for points in epochs for name in points}):
        path = folder / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream, delimiter="\t", lineterminator="\n")
            table.writerow(["epoch", name.rpartition("/")[2]])
            for epoch, points in enumerate(epochs):
                found = points.get(name, [])
                for number, (_, value) in enumerate(found, start=1):
                    table.writerow([round(epoch + number / len(found), 6), value])
