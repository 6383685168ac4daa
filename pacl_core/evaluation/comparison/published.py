"""Published tables next to a run: values published for the same backbone, protocol and metric.

They are PACL's Tables 1 to 3, those of EmotionCLIP, and Tables 1 and 2 of Feng et al.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pacl_core.evaluation.comparison.variants import Comparison
from pacl_core.files.json_csv import read_rows

EMOTIONCLIP = ("EmotionCLIP 1", "EmotionCLIP 3", "EmotionCLIP 4")
FENG = ("Feng 1", "Feng 2")
_TABLES = (1, 2, 3, *EMOTIONCLIP, *FENG)
_COMMON = ("protocol", "backbone", "method", "dataset", "task", "metric", "value", "prompt")


@dataclass(frozen=True)
class Published:
    """One printed value, in our units.

    `table`: a number of PACL's, or another paper's name and number. `protocol` is as printed, `run_protocol`
    the one that it is here: fine-tuning of Feng et al. is `amalgamate`. `models`: names in model.json of its
    backbone; `variant`: the one that is its method here, None for methods with models of their own; `prompt`:
    of zero-shot; `settings`: columns that only its table has.
    """

    table: int | str
    protocol: str
    backbone: str
    method: str
    dataset: str
    task: str
    metric: str
    value: float
    prompt: str | None
    models: frozenset[str]
    variant: str | None
    run_protocol: str
    settings: Mapping[str, str] = field(default_factory=dict)


def load_published(folder: Path, tables: Sequence[int | str] = _TABLES) -> list[Published]:
    """Rows of `folder`/table<n>.csv, emotionclip_table<n>.csv and feng_table<n>.csv, table by table;
    backbones.csv and methods.csv name what they join to."""
    backbones = read_rows(folder / "backbones.csv")
    methods = {row["method"]: row for row in read_rows(folder / "methods.csv")}
    return [
        Published(
            table=table,
            protocol=row["protocol"],
            backbone=row["backbone"],
            method=row["method"],
            dataset=row["dataset"],
            task=row["task"],
            metric=row["metric"],
            value=float(row["value"]),
            prompt=row.get("prompt") or None,
            models=frozenset(one["name"] for one in backbones if one["backbone"] == row["backbone"]),
            variant=methods.get(row["method"], {}).get("variant"),
            run_protocol=methods.get(row["method"], {}).get(row["protocol"]) or row["protocol"],
            settings={name: value for name, value in row.items() if name not in _COMMON},
        )
        for table in tables
        for row in read_rows(folder / _file(table))
    ]


def _file(table: int | str) -> str:
    paper, _, number = str(table).rpartition(" ")
    return f"{paper.lower()}_table{number}.csv" if paper else f"table{number}.csv"


def join(published: Sequence[Published], comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Published values that a run has too: a row per value and variant, table by table.

    Each row: `table, backbone, method, dataset, protocol, task, metric, variant, published, ours,
    difference`; ours and difference are None where the metric is undefined.
    """
    return [row for one in published for comparison in comparisons for row in _matches(one, comparison)]


def _matches(one: Published, comparison: Comparison) -> Iterator[dict[str, Any]]:
    variant = one.variant
    if (one.dataset, one.run_protocol) != (comparison["dataset"], comparison["protocol"]):
        return
    if variant is None or variant not in comparison["variants"] or variant in comparison["not_applicable"]:
        return
    if comparison["backbones"][variant] not in one.models:
        return
    for name, task in comparison["tasks"].items():
        metric = task["figures"].get(one.metric, {"variants": {}})["variants"].get(variant)
        if metric is None or not _same_task(one, name, task["chosen"].get(variant, {})):
            continue
        ours = metric["mean"]
        yield {
            "table": one.table,
            "backbone": one.backbone,
            "method": one.method,
            "dataset": one.dataset,
            "protocol": one.run_protocol,
            "task": name,
            "metric": one.metric,
            "variant": variant,
            "published": one.value,
            "ours": ours,
            "difference": None if ours is None else ours - one.value,
        }


def _same_task(one: Published, name: str, chosen: dict[str, Any]) -> bool:
    """Zero-shot by prompt; else by name, "+ PDANet" where the polarity-consistent loss was in use."""
    if one.protocol == "zero_shot":
        return chosen.get("prompt") == one.prompt and name.startswith(f"{one.task}, ")
    fitted = chosen.get("folds", [chosen])[0]
    return name == one.task and bool(fitted.get("polarity_consistent")) == (one.method == "PACL + PDANet")
