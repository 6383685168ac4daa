"""What a run left and found, in a few lines for the terminal: python -m pacl_core.report.headline"""

from pathlib import Path
from typing import Any

from pacl_core.artefacts.json_file import read_json


def headline(root: Path) -> list[str]:
    """Lines that name the report, the partition and the backbone, with the main figures of each."""
    partition = read_json(root / "metrics/partition.json")
    lines = [
        f"report      {root / 'report/index.html'}",
        f"partition   {root / 'data/partition.parquet'}",
        f"            {_shares(partition)}",
    ]
    if agreement := partition["agreement"]:
        lines.append(
            f"            against the corpus' own record: AUC factual {agreement['factual_auc']:.3f}, "
            f"emotional {agreement['emotional_auc']:.3f}; right partition {agreement['accuracy']:.1%}"
        )
    lines.append(f"backbone    {root / 'models/pacl/backbone.safetensors'}")
    return lines + _comparison(read_json(root / "metrics/headline.json"))


def _shares(partition: dict[str, Any]) -> str:
    shares, published = partition["shares"], partition["published_shares"]
    parts = [f"{name} {shares[name]:.1%} (published {published[name]:.0%})" for name in published]
    return f"{partition['pairs']} pairs: {', '.join(parts)}"


def _comparison(tree: dict[str, Any]) -> list[str]:
    """One line per task and metric of every evaluation: initial, pacl, difference with its interval."""
    lines = []
    for evaluation, tasks in tree.items():
        lines.append(f"            {evaluation}: initial -> pacl, difference [95 % interval]")
        for task, metrics in tasks.items():
            for metric, leaf in metrics.items():
                if leaf.get("difference") is not None and {"initial", "pacl"} <= leaf.keys():
                    lines.append(f"              {task + ' ' + metric:<28} {_difference(leaf)}")
    return lines


def _difference(leaf: dict[str, Any]) -> str:
    values = f"{leaf['initial']:.3f} -> {leaf['pacl']:.3f}"
    bounds = "" if leaf["low"] is None else f" [{leaf['low']:+.3f}, {leaf['high']:+.3f}]"
    return f"{values}  {leaf['difference']:+.3f}{bounds}"


if __name__ == "__main__":
    print("\n".join(headline(Path())))
