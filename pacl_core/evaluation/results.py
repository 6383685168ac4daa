"""Headline and published figures as flat rows: the table that `dvc metrics show --md` prints."""

from collections.abc import Mapping, Sequence
from typing import Any

from pacl_core.artefacts.names import result_name
from pacl_core.evaluation.comparison import Comparison
from pacl_core.evaluation.metrics import headline
from pacl_core.evaluation.tasks import Task

_CHANGE = {"difference": "value", "low": "low", "high": "high"}


def results(
    comparisons: Sequence[Comparison], published: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, float]]:
    """File name -> row, of each task's headline figure and of each figure that was published.

    A row has each variant's mean, `difference`, `low`, `high` and `published_<variant>`, and what ours is
    above that as `<variant>_minus_published`. The plain names belong to the second variant; a further one
    prefixes them with its own name. What is not defined, or was not published, is left out.
    """
    printed: dict[str, dict[str, float]] = {}
    for row in published:
        name = result_name(row["dataset"], row["protocol"], row["task"], row["metric"])
        beside = {f"published_{row['variant']}": row["published"]}
        if row["difference"] is not None:
            beside[f"{row['variant']}_minus_published"] = row["difference"]
        printed[name] = beside | printed.get(name, {})
    found = {}
    for one in comparisons:
        for task, entry in one["tasks"].items():
            first = headline(Task.from_json(entry["task"]))
            for metric, figure in entry["figures"].items():
                name = result_name(one["dataset"], one["protocol"], task, metric)
                if metric == first or name in printed:
                    found[name] = _row(figure, one["variants"]) | printed.get(name, {})
    return {name: row for name, row in found.items() if row}


def _row(figure: Mapping[str, Any], variants: Sequence[str]) -> dict[str, float]:
    row = {variant: entry["mean"] for variant, entry in figure["variants"].items()}
    for variant, change in figure["differences"].items():
        prefix = "" if variant == variants[1] else f"{variant}_"
        row |= {f"{prefix}{name}": change[key] for name, key in _CHANGE.items()}
    return {name: value for name, value in row.items() if value is not None}
