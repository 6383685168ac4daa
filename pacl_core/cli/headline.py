"""What a run wrote and found, in a few lines for the terminal: python -m pacl_core.cli.headline"""

from pathlib import Path
from typing import Any

from pacl_core.files.json_csv import read_json
from pacl_core.runtime.timings import FOLDER, by_stage, duration, read_timings


def headline(root: Path) -> list[str]:
    """Where report, partition and backbone are, the main results, and the time taken."""
    partition = read_json(root / "metrics/partition.json")
    lines = [
        f"report      {root / 'report/index.html'}",
        f"partition   {root / 'data/partition.parquet'}",
        f"            {_shares(partition)}",
    ]
    if agreement := partition["agreement"]:
        lines.append(f"            {_agreement(agreement)}")
    lines.append(f"backbone    {root / 'models/pacl/backbone.safetensors'}")
    return lines + _comparison(root / "metrics/results") + _time(root / FOLDER)


def _shares(partition: dict[str, Any]) -> str:
    shares, published = partition["shares"], partition["published_shares"]
    parts = [f"{name} {shares[name]:.1%} (published {published[name]:.0%})" for name in published]
    return f"{partition['pairs']} pairs: {', '.join(parts)}"


def _agreement(found: dict[str, Any]) -> str:
    """An AUC is undefined where all pairs match, or none does."""
    aucs = {name: found[f"{name}_auc"] for name in ("factual", "emotional")}
    said = [f"{name} {'undefined' if auc is None else f'{auc:.3f}'}" for name, auc in aucs.items()]
    return (
        f"against the provenance of the pairs: AUC {', '.join(said)}; right partition {found['accuracy']:.1%}"
    )


def _comparison(folder: Path) -> list[str]:
    """One line per main or published metric: initial, pacl, difference with its interval."""
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


def _time(folder: Path) -> list[str]:
    stages = by_stage(read_timings(folder))
    if not stages:
        return []
    total = duration(sum(one.seconds for one in stages))
    return [f"time        {total} for all stages, by each one's last run here; 'pacl doctor' lists them"]


if __name__ == "__main__":
    print("\n".join(headline(Path())))
