"""What a run wrote and found, in a few lines for the terminal: python -m pacl_core.cli.headline"""

from pathlib import Path
from typing import Any

import yaml

from pacl_core.files.json_csv import read_json
from pacl_core.report.sections.controls import against, head
from pacl_core.report.sections.verdict import Verdict, verdict
from pacl_core.runtime.timings import FOLDER, by_stage, duration, read_timings


def headline(root: Path) -> list[str]:
    """Where report, partition and backbone are, the main results, the time taken, and whether it worked."""
    partition = read_json(root / "metrics/partition.json")
    lines = [
        f"report      {root / 'report/index.html'}",
        f"partition   {root / 'data/partition.parquet'}",
        f"            {_shares(partition)}",
    ]
    if agreement := partition["agreement"]:
        lines.append(f"            {_agreement(agreement)}")
    lines.append(f"backbone    {root / 'models/pacl/backbone.safetensors'}")
    written = root / "params.yaml"
    params = yaml.safe_load(written.read_text(encoding="utf-8")) if written.is_file() else {}
    found = verdict(root, params or {})
    return lines + _comparison(found.main, params or {}) + _time(root / FOLDER) + _verdict(found)


def _shares(partition: dict[str, Any]) -> str:
    shares, published = partition["shares"], partition["published_shares"] or {}
    parts = [
        f"{name} {shares[name]:.1%}" + (f" (published {published[name]:.0%})" if published else "")
        for name in ("strong", "partial", "weak")
    ]
    return f"{partition['pairs']} pairs: {', '.join(parts)}"


def _agreement(found: dict[str, Any]) -> str:
    """An AUC is undefined where all pairs match, or none does."""
    aucs = {name: found[f"{name}_auc"] for name in ("factual", "emotional")}
    said = [f"{name} {'undefined' if auc is None else f'{auc:.3f}'}" for name, auc in aucs.items()]
    return (
        f"against the provenance of the pairs: AUC {', '.join(said)}; right partition {found['accuracy']:.1%}"
    )


def _comparison(rows: list[dict[str, Any]], params: dict[str, Any]) -> list[str]:
    """Per main result of every variant: baseline, before, after, difference with its interval, in words.

    Then the judged variant minus each control.
    """
    lines = []
    for row in rows:
        where = f"{row['dataset']}, {row['protocol'].replace('_', '-')}: {row['task']}, {row['label'].text}"
        lines.append(f"            {where}{' (%)' if row['label'].percent else ''}")
        for name, value in row["baselines"]:
            lines.append(f"              baseline {value} ({name})")
        for place, change in enumerate(row["changes"], start=1):
            if change["low"] is None:
                continue
            values = f"{row['values'][0][0]} -> {row['variants'][place]} {row['values'][place][0]}"
            words = "; ".join(
                word for word in (change["said"], row["below"][place], change["uncertain"]) if word
            )
            lines.append(f"              {row['variants'][0]} {values}, {_bounds(change)}: {words}")
        own = head(row["variants"][row["judged"]], params)
        lines += [
            f"              {own} against {one.head} {one.value}, {_bounds(one.change)}: {one.change['said']}"
            for one in against(row, params)
            if one.name != row["variants"][0] and one.change["low"] is not None
        ]
    return ["results     differences with their 95 % intervals", *lines] if lines else []


def _bounds(change: dict[str, Any]) -> str:
    return f"{change['value']} [{change['low']}, {change['high']}]"


def _verdict(found: Verdict) -> list[str]:
    """The last lines, since they are what a terminal shows."""
    lines = [f"did it work? {found.said}"]
    if found.missing:
        lines.append(f"  - {found.missing.text}:  {found.missing.command}")
    lines += [f"  {'! ' if warns else '- '}{text}" for text, warns in found.why]
    if found.next:
        lines.append("what next?")
    return lines + [f"  {text}{f':  {command}' if command else ''}" for text, command in found.next]


def _time(folder: Path) -> list[str]:
    stages = by_stage(read_timings(folder))
    if not stages:
        return []
    total = duration(sum(one.seconds for one in stages))
    return [f"time        {total} for all stages, by each one's last run here; 'pacl doctor' lists them"]


if __name__ == "__main__":
    print("\n".join(headline(Path())))
