"""Training curves in dvclive's files, written at the end from a history that survives a restart."""

from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from dvclive.live import Live

from pacl_core.training.checkpoint import History


def write_curves(folder: Path, history: History) -> None:
    """`metrics.json` (last values) and `plots/metrics/**.tsv` (one row per epoch) in an existing folder."""
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
