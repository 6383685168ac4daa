"""pacl inspect: the partition table in the terminal."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from pacl_core.cli.arguments import AsJson


def inspect(
    table: Annotated[Path, typer.Argument(help="The partition table.")] = Path("data/partition.parquet"),
    samples: Annotated[int, typer.Option(min=0, help="Pairs to show of each partition.")] = 3,
    seed: Annotated[int, typer.Option(help="Seed of their choice.")] = 0,
    *,
    as_json: AsJson = False,
) -> None:
    """Shares, scores and sample pairs of a partition table.

    Shares of the paper's own corpus, TumEmo, are next to the published ones. Quantiles are of the raw scores
    and of the values that the thresholds apply to. Texts are read for the samples only.

    \b
    Examples:
      pacl inspect data/partition.parquet
      pacl inspect --samples 5 --seed 1
      pacl inspect --json | jq .shares
    """
    from pacl_core.explorer.overview import overview

    found = overview(table, samples, seed)
    print(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(_lines(found)))


def _lines(found: dict[str, Any]) -> list[str]:
    shares = found["published_shares"] or {}
    lines = [
        f"{found['pairs']:,} pairs",
        "",
        f"partition              pairs   share{'  published' if shares else ''}",
    ]
    for name, count in found["counts"].items():
        paper = f"{shares[name]:>10.0%}" if name in shares else ""
        lines.append(f"{name:<18}{count:>10,}{found['shares'][name]:>8.1%}{paper}")
    whole = f"{shares['partial']:>10.0%}" if shares else ""
    lines.append(f"{'(both partial)':<28}{found['shares']['partial']:>8.1%}{whole}")
    levels = next(iter(found["quantiles"].values())).keys()
    lines += ["", f"{'':<17}" + "".join(f"{level:>7}" for level in levels) + "  without"]
    for column, values in found["quantiles"].items():
        numbers = "".join(f"{value:>7.3f}" if value is not None else f"{'-':>7}" for value in values.values())
        lines.append(f"{column:<17}{numbers}{found['missing'][column]:>9,}")
    for name, rows in found["samples"].items():
        lines += ["", f"{name}, for example"]
        lines += [
            f"  {_number(row['factual_value'])} {_number(row['emotional_value'])}  {_short(row['text'])}"
            f"\n{'':<16}{_short(', '.join(row['anps'] or []))}"
            for row in rows
        ]
    if found["samples"]:
        lines += ["", "(factual value, emotional value, text; below it the adjective-noun pairs)"]
    return lines


def _number(value: float | None) -> str:
    return f"{value:6.3f}" if value is not None else "     -"


def _short(text: str) -> str:
    """One line of at most 62 characters, without control characters."""
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
    return line if len(line) <= 62 else line[:61] + "…"
