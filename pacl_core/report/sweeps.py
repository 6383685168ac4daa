"""The paper's tables as Markdown: each published row next to the run that has its settings."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pacl_core.evaluation.comparison.published import Published
from pacl_core.files.json_csv import result_name
from pacl_core.report.metric_labels import metric_label
from pacl_core.report.runs import Run

Settings = Callable[[Published], dict[str, Any]]

TABLES = (1, 2, 3, 4, 5, "Feng 1", "Feng 2", "Feng 3", "Feng 4")
_NOTE = """\
# The paper's tables and this project's runs

Each cell: published / ours / difference; accuracy, F1, mAP and AUC in percent. A run belongs to a row if it
has the row's parameters. Metrics that the paper does not report follow, ours only.
"""
_NOT_RUN = "not run"
_THRESHOLDS = ("partition.factual.threshold", "partition.emotional.threshold")
_SHARES = ("partition.factual.share", "partition.emotional.share")


def paper_tables(runs: Sequence[Run], published: Sequence[Published]) -> str:
    """Tables 1 to 5 and Figure 5, and Tables 1 to 4 of Feng et al.

    Tables 1 to 3 take runs of the row's backbone with the settings of their commit. Tables 4 and 5 and
    Figure 5 take runs that differ from the settings of their commit in what the row says and in nothing
    else; the paper's are for ResNet-50, ours for any backbone. So do Tables 3 and 4 of Feng et al.
    """
    of_table = {number: [row for row in published if row.table == number] for number in TABLES}
    parts = [_NOTE]
    for number, title in ((1, "enhancement"), (2, "each level alone"), (3, "zero-shot")):
        keys = ("protocol", "backbone", "method", *(("prompt",) if number == 3 else ()))
        parts.append(_own_settings(f"Table {number}: {title}", of_table[number], keys, runs=runs))
    ablation = "Table 4: partition and usage"
    parts.append(_sweep(ablation, of_table[4], ("mode", "usage"), runs=runs, settings=_ablation))
    for name, settings in (("sigma", _sigma), ("k", _k), ("tau", _tau)):
        rows = [row for row in of_table[5] if row.settings["parameter"] == name]
        parts.append(_sweep(f"Table 5: {name}", rows, ("setting",), runs=runs, settings=settings))
    parts.append(_text_encoders(runs))
    for number, title in ((1, "data sets and backbones"), (2, "other pre-training")):
        rows = of_table[f"Feng {number}"]
        keys = ("protocol", "backbone", "method")
        parts.append(_own_settings(f"Feng et al., Table {number}: {title}", rows, keys, runs=runs))
    for number, title in ((3, "features and logits"), (4, "target loss of the specialists")):
        rows = [row for row in of_table[f"Feng {number}"] if row.backbone == "ResNet-50"]
        keys, title = ("features", "logits", "target"), f"Feng et al., Table {number}: {title}"
        parts.append(_sweep(title, rows, keys, runs=runs, settings=_amalgamation))
    return "\n".join(parts)


def _ablation(row: Published) -> dict[str, Any]:
    return {"partition.mode": row.settings["mode"], "train.usage": row.settings["usage"]}


def _amalgamation(row: Published) -> dict[str, Any]:
    """The terms of a row as `evaluate.amalgamate` has them; a specialist's features are of its own stage."""
    features, logits, target = (row.settings[name].split("+") for name in ("features", "logits", "target"))
    stages = {"st": [2], "ho": [3], "hp": [4]}
    return {
        **{f"evaluate.amalgamate.features.{one}": stages[one] if one in features else [] for one in stages},
        "evaluate.amalgamate.logits": [one for one in stages if one in logits],
        "evaluate.amalgamate.target": [one for one in stages if one in target],
    }


def _sigma(row: Published) -> dict[str, Any]:
    return dict.fromkeys(_THRESHOLDS, float(row.settings["setting"])) | dict.fromkeys(_SHARES)


def _k(row: Published) -> dict[str, Any]:
    return {"pseudo_labels.k": int(row.settings["setting"])}


def _tau(row: Published) -> dict[str, Any]:
    return {"train.temperature": float(row.settings["setting"])}


def _own_settings(
    title: str, rows: Sequence[Published], keys: tuple[str, ...], *, runs: Sequence[Run]
) -> str:
    """A table whose rows are backbones and methods."""
    unswept = [run for run in runs if not run.differs()]

    def cell(row: Published) -> str:
        values = [
            _value(run, row, task)
            for run in unswept
            if run.params.get("backbone.name") in row.models and (task := _task(row, run)) is not None
        ]
        return _cell(row, next((value for value in values if value is not None), None))

    return _table(title, rows, keys, cell=cell)


def _task(row: Published, run: Run) -> str | None:
    """The task's name in a run; None where the run was trained or prompted in another way."""
    if row.protocol == "zero_shot":
        prompts = run.params.get("evaluate.zero_shot.prompts") or []
        return f"{row.task}, prompt {prompts.index(row.prompt) + 1}" if row.prompt in prompts else None
    consistent = run.params.get("evaluate.finetune.loss") == "polarity_consistent"
    alone = row.protocol == "finetune" and row.task in ("emotion", "fine")  # those with a polarity
    return row.task if (row.method == "PACL + PDANet") == (consistent and alone) else None


def _sweep(
    title: str, rows: Sequence[Published], keys: tuple[str, ...], *, runs: Sequence[Run], settings: Settings
) -> str:
    """A table whose rows are settings; runs of experiments come before the workspace, which may be in any
    state."""
    ordered = _workspace_last(runs)

    def matching(row: Published) -> list[Run]:
        wanted = settings(row)
        return [run for run in ordered if run.has(wanted)]

    def cell(row: Published) -> str:
        values = (_value(run, row, row.task) for run in matching(row))
        return _cell(row, next((value for value in values if value is not None), None))

    printed = {_name(row, row.task) for row in rows}
    found = [run for row in rows for run in matching(row)]
    others = list(dict.fromkeys(name for run in found for name in run.metrics if name not in printed))
    extra = {name: (lambda row, name=name: _own(matching(row), name)) for name in others}
    return _table(title, rows, keys, cell=cell, extra=extra)


def _text_encoders(runs: Sequence[Run]) -> str:
    """Figure 5 prints no numbers: ours only, a row per text encoder."""
    ordered = _workspace_last(runs)
    found = [run for run in ordered if all(key.startswith("text_encoder.") for key in run.differs())]
    by_name: dict[str, list[Run]] = {}
    for run in found:
        by_name.setdefault(str(run.params.get("text_encoder.name")), []).append(run)
    names = list(dict.fromkeys(name for run in found for name in run.metrics))
    head = ["text encoder", *names]
    lines = [[encoder, *(_own(same, name) for name in names)] for encoder, same in by_name.items()]
    return _markdown("Figure 5: text encoder", head, lines)


def _workspace_last(runs: Sequence[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: run.name == "workspace")


def _table(
    title: str,
    rows: Sequence[Published],
    keys: tuple[str, ...],
    *,
    cell: Callable[[Published], str],
    extra: Mapping[str, Callable[[Published], str]] | None = None,
) -> str:
    """Tidy rows as a wide table: a line per distinct `keys`, a column per metric, then the `extra` ones."""
    columns = list(dict.fromkeys(_column(row) for row in rows))
    lines: dict[tuple[str, ...], dict[tuple[str, str, str], Published]] = {}
    for row in rows:
        lines.setdefault(tuple(_key(row, key) for key in keys), {})[_column(row)] = row
    named = (f"{dataset} {task}, {metric_label(name).text}" for dataset, task, name in columns)
    body = []
    for key, line in lines.items():
        cells = [cell(line[column]) if column in line else "" for column in columns]
        first = next(iter(line.values()))
        body.append([*key, *cells, *(show(first) for show in (extra or {}).values())])
    return _markdown(title, [*keys, *named, *(extra or {})], body)


def _column(row: Published) -> tuple[str, str, str]:
    return row.dataset, row.task, row.metric


def _key(row: Published, name: str) -> str:
    """A column of the published table; empty where the row has no value."""
    return str((row.settings[name] if name in row.settings else getattr(row, name)) or "")


def _markdown(title: str, head: list[str], body: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    text = "\n".join("| " + " | ".join(value.replace("|", "\\|") for value in line) + " |" for line in lines)
    return f"## {title}\n\n{text}\n"


def _name(row: Published, task: str) -> str:
    return result_name(row.dataset, row.run_protocol, task, metric=row.metric)


def _value(run: Run, row: Published, task: str) -> float | None:
    return run.metrics.get(_name(row, task), {}).get(row.variant or "")


def _cell(row: Published, ours: float | None) -> str:
    """Methods without a variant here have their published value only."""
    label = metric_label(row.metric)
    if row.variant is None:
        return label.shown(row.value)
    if ours is None:
        return f"{label.shown(row.value)} / {_NOT_RUN}"
    return f"{label.shown(row.value)} / {label.shown(ours)} / {label.signed(ours - row.value)}"


def _own(runs: Sequence[Run], name: str) -> str:
    """A metric of the enhanced backbone that the paper does not report."""
    values = [run.metrics[name]["pacl"] for run in runs if "pacl" in run.metrics.get(name, {})]
    return metric_label(name.rpartition("-")[2]).shown(values[0]) if values else _NOT_RUN
