"""Runs of the project as DVC lists them: parameters and metrics of the workspace and of experiments."""

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from pacl_core.errors import UserError
from pacl_core.report.sections.identity import flat

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

# of a training on clips those that the sweeps of EmotionCLIP change, and what they are where it does not say
SWEPT_ON_CLIPS: dict[str, Any] = {
    "subject.kind": "sap",
    "loss.beta": 1.0,
    "temporal.kind": "transformer",
    "text.init": "weights",
    "text.train": True,
    "frame.init": "weights",
    "frame.train": True,
}


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

    def on_clips(self) -> str | None:
        """The name of its training on clips; None where it has none, or several."""
        names = {key.split(".")[1] for key in self.params if key.startswith("emotionclip.")}
        return names.pop() if len(names) == 1 else None

    def clips_setting(self, key: str) -> Any:
        """A swept key of its training on clips."""
        return _of_clips(self.params, self.on_clips() or "", key)

    def has_on_clips(self, wanted: dict[str, Any]) -> bool:
        """As `has`, of the swept keys of its training on clips."""
        name = self.on_clips()
        return name is not None and all(
            _of_clips(self.params, name, key) == wanted.get(key, _of_clips(self.baseline, name, key))
            for key in SWEPT_ON_CLIPS
        )


def _of_clips(params: dict[str, Any], name: str, key: str) -> Any:
    return params.get(f"emotionclip.{name}.{key}", SWEPT_ON_CLIPS[key])


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
    return dict(flat((files.get("params.yaml") or {}).get("data") or {}))
