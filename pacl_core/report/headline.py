"""What a run left and found, in a few lines for the terminal: python -m pacl_core.report.headline"""

from pathlib import Path
from typing import Any

from pacl_core.files.json_csv import read_json


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
    return lines + _comparison(root / "metrics/results")


def _shares(partition: dict[str, Any]) -> str:
    shares, published = partition["shares"], partition["published_shares"]
    parts = [f"{name} {shares[name]:.1%} (published {published[name]:.0%})" for name in published]
    return f"{partition['pairs']} pairs: {', '.join(parts)}"


def _comparison(folder: Path) -> list[str]:
    """One line per headline or published figure: initial, pacl, difference with its interval."""
    lines = []
    for path in sorted(folder.glob("*.json")):
        row = read_json(path)
        if row.get("difference") is not None and {"initial", "pacl"} <= row.keys():
            lines.append(f"              {path.stem:<44} {_difference(row)}")
    head = "            initial -> pacl, difference [95 % interval]"
    return [head, *lines] if lines else []


def _difference(row: dict[str, float]) -> str:
    values = f"{row['initial']:.3f} -> {row['pacl']:.3f}"
    bounds = f" [{row['low']:+.3f}, {row['high']:+.3f}]" if "low" in row else ""
    return f"{values}  {row['difference']:+.3f}{bounds}"


if __name__ == "__main__":
    print("\n".join(headline(Path())))
