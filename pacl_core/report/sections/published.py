"""This run beside the paper's Tables 1 to 3, as the compare stage joined them."""

from pathlib import Path
from typing import Any

from pacl_core.report.figures import metric
from pacl_core.report.reading import optional_json

_CAPTIONS = {
    1: "Table 1: enhancement",
    2: "Table 2: each level alone",
    3: "Table 3: zero-shot",
}


def beside_paper(root: Path) -> list[dict[str, Any]]:
    """One table per table of the paper and protocol: a row per figure, published, ours and difference."""
    tables: dict[tuple[int, str], dict[str, Any]] = {}
    for row in optional_json(root / "metrics/published.json") or []:
        caption = f"{_CAPTIONS[row['table']]} ({row['backbone']}, {row['protocol'].replace('_', '-')})"
        key = row["table"], f"{row['backbone']} {row['protocol']}"
        table = tables.setdefault(key, {"caption": caption, "methods": [], "rows": {}})
        if row["method"] not in table["methods"]:
            table["methods"].append(row["method"])
        named = metric(row["metric"])
        figure = table["rows"].setdefault(
            (row["dataset"], row["task"], row["metric"]),
            {"dataset": row["dataset"], "task": row["task"], "metric": named, "cells": {}},
        )
        figure["cells"][row["method"]] = (
            named.shown(row["published"]),
            named.shown(row["ours"]),
            "" if row["difference"] is None else named.signed(row["difference"]),
        )
    return [table | {"rows": list(table["rows"].values())} for table in tables.values()]
