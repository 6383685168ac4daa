"""Runs of the project as DVC lists them: parameters and metrics of the workspace and of experiments."""

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from pacl_core.errors import UserError

# parameters that the sweeps of Tables 4 and 5, of Figure 5, and of Tables 3 and 4 of Feng et al. change; all
# others are fixed within a sweep
SWEPT = (
    "partition.mode",
    "partition.factual.threshold",
    "partition.factual.share",
    "partition.emotional.threshold",
    "partition.emotional.share",
    "train.usage",
    "pseudo_labels.k",
    "train.temperature",
    "text_encoder.kind",
    "text_encoder.name",
    "evaluate.amalgamate.features.st",
    "evaluate.amalgamate.features.ho",
    "evaluate.amalgamate.features.hp",
    "evaluate.amalgamate.logits",
    "evaluate.amalgamate.target",
)


@dataclass(frozen=True)
class Run:
    """One run. `baseline`: the parameters of the commit that it started from; `metrics`: stem of a file in
    metrics/results -> its values."""

    name: str
    params: dict[str, Any]
    baseline: dict[str, Any]
    metrics: dict[str, dict[str, float]]

    def differs(self) -> dict[str, Any]:
        """The swept keys in which it differs from its baseline, with its values."""
        return {key: self.params.get(key) for key in SWEPT if self.params.get(key) != self.baseline.get(key)}

    def has(self, wanted: dict[str, Any]) -> bool:
        """Whether its swept keys have the values of `wanted`, or of its baseline if `wanted` lacks them."""
        return all(self.params.get(key) == wanted.get(key, self.baseline.get(key)) for key in SWEPT)


def read_runs(text: str, source: str) -> list[Run]:
    """Runs that have metrics, the workspace first. Raises `UserError` where `text` is not DVC's JSON."""
    try:
        commits = json.loads(text)
        runs = []
        for commit in commits:
            baseline = _params(commit)
            runs.append(_run(commit, baseline))
            for experiment in commit.get("experiments") or []:
                runs += [_run(revision, baseline) for revision in experiment["revs"][:1]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{source}: not the output of 'dvc exp show --json' ({error!r})") from None
    return [run for run in runs if run.metrics]


def _run(entry: dict[str, Any], baseline: dict[str, Any]) -> Run:
    files = ((entry.get("data") or {}).get("metrics") or {}).items()
    metrics = {
        PurePosixPath(path).stem: found["data"]
        for path, found in files
        if PurePosixPath(path).parent == PurePosixPath("metrics/results") and found.get("data")
    }
    return Run(entry.get("name") or entry["rev"][:7], _params(entry), baseline, metrics)


def _params(entry: dict[str, Any]) -> dict[str, Any]:
    """params.yaml by dotted key."""
    files = (entry.get("data") or {}).get("params") or {}
    return _flat((files.get("params.yaml") or {}).get("data") or {})


def _flat(tree: dict[str, Any], start: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= _flat(value, f"{start}{key}.") if isinstance(value, dict) else {f"{start}{key}": value}
    return flat
