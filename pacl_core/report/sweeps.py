"""Published rows and the runs that stand for them, as Markdown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pacl_core.files.json_csv import read_rows, result_name
from pacl_core.report.figures import metric
from pacl_core.report.runs import Run

Row = Mapping[str, str]
Settings = Callable[[Row], dict[str, Any]]

_NOTE = """\
# The paper's tables and this project's runs

Each cell: published / ours / difference; accuracy, F1, mAP and AUC in percent. A run stands for a row by its
parameters. Figures that the paper does not have follow as ours alone.
"""
_NOT_RUN = "not run"
_THRESHOLDS = ("partition.factual.threshold", "partition.emotional.threshold")
_SHARES = ("partition.factual.share", "partition.emotional.share")


@dataclass(frozen=True)
class Paper:
    """The published tables by number; `models` of each backbone; `variants` of each method."""

    tables: Mapping[int, list[dict[str, str]]]
    models: Mapping[str, set[str]]
    variants: Mapping[str, str]


def read_paper(folder: Path) -> Paper:
    """The folder of published figures."""
    models: dict[str, set[str]] = {}
    for row in read_rows(folder / "backbones.csv"):
        models.setdefault(row["backbone"], set()).add(row["name"])
    return Paper(
        tables={number: read_rows(folder / f"table{number}.csv") for number in range(1, 6)},
        models=models,
        variants={row["method"]: row["variant"] for row in read_rows(folder / "methods.csv")},
    )


def paper_tables(runs: Sequence[Run], paper: Paper) -> str:
    """Tables 1 to 5 and Figure 5.

    Tables 1 to 3 take runs of the row's backbone at their commit's own settings. Tables 4 and 5 and Figure 5
    take runs that depart from their commit's settings in what the row says and in nothing else; theirs are
    published for ResNet-50 and stand beside whatever backbone was run.
    """
    parts = [_NOTE]
    for number, title in ((1, "enhancement"), (2, "each level alone"), (3, "zero-shot")):
        keys = ("protocol", "backbone", "method", *(("prompt",) if number == 3 else ()))
        parts.append(
            _own_settings(f"Table {number}: {title}", paper.tables[number], keys, runs=runs, paper=paper)
        )
    parts.append(
        _sweep(
            "Table 4: partition and usage",
            paper.tables[4],
            ("mode", "usage"),
            runs=runs,
            settings=_ablation,
            paper=paper,
        )
    )
    for name, settings in (("sigma", _sigma), ("k", _k), ("tau", _tau)):
        rows = [row for row in paper.tables[5] if row["parameter"] == name]
        parts.append(
            _sweep(f"Table 5: {name}", rows, ("setting",), runs=runs, settings=settings, paper=paper)
        )
    parts.append(_text_encoders(runs))
    return "\n".join(parts)


def _ablation(row: Row) -> dict[str, Any]:
    return {"partition.mode": row["mode"], "train.usage": row["usage"]}


def _sigma(row: Row) -> dict[str, Any]:
    return dict.fromkeys(_THRESHOLDS, float(row["setting"])) | dict.fromkeys(_SHARES)


def _k(row: Row) -> dict[str, Any]:
    return {"pseudo_labels.k": int(row["setting"])}


def _tau(row: Row) -> dict[str, Any]:
    return {"train.temperature": float(row["setting"])}


def _own_settings(
    title: str, rows: list[Any], keys: tuple[str, ...], *, runs: Sequence[Run], paper: Paper
) -> str:
    """A table whose rows are backbones and methods."""
    unswept = [run for run in runs if not run.differs()]

    def cell(row: Row) -> str:
        models = paper.models.get(row["backbone"], set())
        values = [_of_task(run, row, paper) for run in unswept if run.params.get("backbone.name") in models]
        return _cell(row, next((value for value in values if value is not None), None), paper)

    return _table(title, rows, keys, cell=cell)


def _of_task(run: Run, row: Row, paper: Paper) -> float | None:
    task = _task(row, run)
    return None if task is None else _figure(run, {**row, "task": task}, paper)


def _task(row: Row, run: Run) -> str | None:
    """The task's name in a run; None where the run trained or asked otherwise."""
    if row["protocol"] == "zero_shot":
        prompts = run.params.get("evaluate.zero_shot.prompts") or []
        asked = row["prompt"] in prompts
        return f"{row['task']}, prompt {prompts.index(row['prompt']) + 1}" if asked else None
    consistent = run.params.get("evaluate.finetune.loss") == "polarity_consistent"
    alone = row["protocol"] == "finetune" and row["task"] in ("emotion", "fine")  # those with a polarity
    return row["task"] if (row["method"] == "PACL + PDANet") == (consistent and alone) else None


def _sweep(
    title: str,
    rows: list[Any],
    keys: tuple[str, ...],
    *,
    runs: Sequence[Run],
    settings: Settings,
    paper: Paper,
) -> str:
    """A table whose rows are settings; runs of experiments before the workspace, which may hold anything."""
    ordered = _workspace_last(runs)

    def matching(row: Row) -> list[Run]:
        wanted = settings(row)
        return [run for run in ordered if run.has(wanted)]

    def cell(row: Row) -> str:
        values = [value for run in matching(row) if (value := _figure(run, row, paper)) is not None]
        return _cell(row, values[0] if values else None, paper)

    printed = {_name(row) for row in rows}
    found = [run for row in rows for run in matching(row)]
    others = list(dict.fromkeys(name for run in found for name in run.figures if name not in printed))
    extra = {name: (lambda row, name=name: _own(matching(row), name)) for name in others}
    return _table(title, rows, keys, cell=cell, extra=extra)


def _text_encoders(runs: Sequence[Run]) -> str:
    """Figure 5 prints no numbers: ours alone, a row per text encoder."""
    ordered = _workspace_last(runs)
    found = [run for run in ordered if all(key.startswith("text_encoder.") for key in run.differs())]
    by_name: dict[str, list[Run]] = {}
    for run in found:
        by_name.setdefault(str(run.params.get("text_encoder.name")), []).append(run)
    names = list(dict.fromkeys(name for run in found for name in run.figures))
    head = ["text encoder", *names]
    lines = [[encoder, *(_own(same, name) for name in names)] for encoder, same in by_name.items()]
    return _markdown("Figure 5: text encoder", head, lines)


def _workspace_last(runs: Sequence[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: run.name == "workspace")


def _table(
    title: str,
    rows: list[Any],
    keys: tuple[str, ...],
    *,
    cell: Callable[[Row], str],
    extra: Mapping[str, Callable[[Row], str]] | None = None,
) -> str:
    """Tidy rows as a wide table: a line per distinct `keys`, a column per figure, then the `extra` ones."""
    columns = list(dict.fromkeys((row["dataset"], row["task"], row["metric"]) for row in rows))
    lines: dict[tuple[str, ...], dict[tuple[str, str, str], Row]] = {}
    for row in rows:
        line = lines.setdefault(tuple(row[key] for key in keys), {})
        line[row["dataset"], row["task"], row["metric"]] = row
    head = [*keys, *(f"{data} {task}, {metric(name).label}" for data, task, name in columns), *(extra or {})]
    body = []
    for key, line in lines.items():
        cells = [cell(line[column]) if column in line else "" for column in columns]
        first = next(iter(line.values()))
        body.append([*key, *cells, *(show(first) for show in (extra or {}).values())])
    return _markdown(title, head, body)


def _markdown(title: str, head: list[str], body: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    text = "\n".join("| " + " | ".join(value.replace("|", "\\|") for value in line) + " |" for line in lines)
    return f"## {title}\n\n{text}\n"


def _name(row: Row) -> str:
    return result_name(row["dataset"], row["protocol"], row["task"], metric=row["metric"])


def _figure(run: Run, row: Row, paper: Paper) -> float | None:
    return run.figures.get(_name(row), {}).get(paper.variants.get(row["method"], ""))


def _cell(row: Row, ours: float | None, paper: Paper) -> str:
    """Methods without a variant here have their published figure alone."""
    named, published = metric(row["metric"]), float(row["value"])
    if row["method"] not in paper.variants:
        return named.shown(published)
    if ours is None:
        return f"{named.shown(published)} / {_NOT_RUN}"
    return f"{named.shown(published)} / {named.shown(ours)} / {named.signed(ours - published)}"


def _own(runs: Sequence[Run], name: str) -> str:
    """A figure of the enhanced backbone that the paper does not have."""
    values = [run.figures[name]["pacl"] for run in runs if "pacl" in run.figures.get(name, {})]
    return metric(name.rpartition("-")[2]).shown(values[0]) if values else _NOT_RUN
