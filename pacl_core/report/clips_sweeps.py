"""EmotionCLIP's Tables 1 and 3 and its Figure 6 as Markdown, next to runs of presets/sweeps."""

from collections.abc import Sequence
from typing import Any

from pacl_core.evaluation.comparison.published import Published
from pacl_core.files.json_csv import result_name
from pacl_core.report.metric_labels import metric_label
from pacl_core.report.runs import Run
from pacl_core.report.sweeps import joined, markdown, wide_table, workspace_last

CLIPS_TABLES = ("EmotionCLIP 1", "EmotionCLIP 3")
_NOT_RUN = "not run"
_TITLES = {
    "EmotionCLIP 1": "EmotionCLIP, Table 1: subject and sentiment",
    "EmotionCLIP 3": "EmotionCLIP, Table 3: what is pretrained and trained",
}
# the method as printed -> what its training differs in from the settings of its commit
_SETTINGS: dict[str, dict[str, Any]] = {
    "vanilla": {"subject.kind": "none", "loss.beta": 0},
    "SAAM": {"subject.kind": "saam", "loss.beta": 0},
    "SAP": {"loss.beta": 0},
    "SAP & SNCE": {},
    "EmotionCLIP": {},
    "EmotionCLIP (text random)": {"text.init": "random"},
    "EmotionCLIP (all random)": {"text.init": "random", "frame.init": "random"},
    "EmotionCLIP (text frozen)": {"text.train": False},
    "EmotionCLIP (text, frames frozen)": {"text.train": False, "frame.train": False},
    "EmotionCLIP (temporal mean)": {"temporal.kind": "mean"},
}


def clips_tables(runs: Sequence[Run], published: Sequence[Published]) -> str:
    """Tables 1 and 3 and Figure 6, of runs with one training on clips.

    A run belongs to a row whose settings its training has, all else being as in its commit. The published
    values are those of the published clips and weights; figure 6 is printed without numbers.
    """
    ordered = [run for run in workspace_last(runs) if run.on_clips() is not None]
    parts = [
        _table(title, [row for row in published if row.table == name], ordered)
        for name, title in _TITLES.items()
    ]
    return "\n".join([*parts, _strengths(ordered)])


def _table(title: str, rows: Sequence[Published], runs: Sequence[Run]) -> str:
    def matching(row: Published) -> list[Run]:
        return [run for run in runs if run.has_on_clips(_SETTINGS[row.method])]

    def cell(row: Published) -> str:
        stem = result_name(row.dataset, row.protocol, row.task, metric=row.metric)
        values = (_value(run, stem) for run in matching(row))
        return joined(row, next((value for value in values if value is not None), None))

    printed = {result_name(row.dataset, row.protocol, row.task, metric=row.metric) for row in rows}
    found = [run for row in rows for run in matching(row)]
    others = list(dict.fromkeys(name for run in found for name in run.metrics if name not in printed))
    extra = {name: (lambda row, name=name: _own(matching(row), name)) for name in others}
    return wide_table(title, rows, ("method",), cell=cell, extra=extra)


def _strengths(runs: Sequence[Run]) -> str:
    """A row per strength of the sentiment, ours only."""
    by_beta: dict[float, list[Run]] = {}
    for run in runs:
        beta = run.clips_setting("loss.beta")
        if run.has_on_clips({"loss.beta": beta}):
            by_beta.setdefault(float(beta), []).append(run)
    names = list(dict.fromkeys(name for those in by_beta.values() for run in those for name in run.metrics))
    lines = [[f"{beta:g}", *(_own(by_beta[beta], name) for name in names)] for beta in sorted(by_beta)]
    return markdown("EmotionCLIP, Figure 6: strength of the sentiment (beta)", ["beta", *names], lines)


def _value(run: Run, stem: str) -> float | None:
    return run.metrics.get(stem, {}).get(run.on_clips() or "")


def _own(runs: Sequence[Run], stem: str) -> str:
    values = [value for run in runs if (value := _value(run, stem)) is not None]
    return metric_label(stem.rpartition("-")[2]).shown(values[0]) if values else _NOT_RUN
