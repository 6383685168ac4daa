"""How the shares would move with each threshold, from the partition stage's grid of counts."""

from pathlib import Path
from typing import Any

from pacl_core.partitions import PARTITIONS
from pacl_core.report.island import island
from pacl_core.report.reading import optional_columns
from pacl_core.report.sections.run import lookup

_SHOWN = 7  # rows of the table that stands without scripts

Columns = dict[str, list[float]]


def thresholds(root: Path, params: dict[str, Any], applied: dict[str, float | None]) -> dict[str, Any] | None:
    """The sliders' data, and the table of a few thresholds; None where there is no grid."""
    grid = optional_columns(root / "plots/threshold_grid.csv")
    if grid is None or None in applied.values():
        return None
    steps = {score: sorted(set(grid[f"{score}_threshold"])) for score in ("factual", "emotional")}
    own = {score: _nearest(steps[score], float(applied[score] or 0)) for score in steps}
    width = len(steps["emotional"])

    def counts(factual: int, emotional: int) -> list[int]:
        return [int(grid[name][factual * width + emotional]) for name in PARTITIONS]

    tables = {}
    for score in steps:
        rows = []
        for place in _spread(len(steps[score]), own[score]):
            at = own | {score: place}
            pairs = counts(at["factual"], at["emotional"])
            shares = [count / (sum(pairs) or 1) for count in pairs]
            rows.append({"at": steps[score][place], "own": place == own[score], "shares": shares})
        tables[score] = rows
    transforms = {score: str(lookup(params, f"partition.{score}.transform") or "raw") for score in steps}
    return {
        "steps": {score: len(values) for score, values in steps.items()},
        "own": own,
        "applied": {score: steps[score][own[score]] for score in steps},
        "transforms": transforms,
        "shared": any(lookup(params, f"partition.{score}.share") is not None for score in steps),
        "tables": tables,
        "json": island(
            {
                "steps": steps,
                "transforms": transforms,
                "partitions": PARTITIONS,
                "counts": [[int(grid[name][row]) for name in PARTITIONS] for row in range(len(grid["weak"]))],
            }
        ),
    }


def _nearest(values: list[float], wanted: float) -> int:
    return min(range(len(values)), key=lambda place: abs(values[place] - wanted))


def _spread(count: int, own: int) -> list[int]:
    """A few places from first to last, the run's own among them."""
    even = {round(i * (count - 1) / (_SHOWN - 1)) for i in range(_SHOWN)}
    return sorted(even | {own})
