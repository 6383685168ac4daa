"""The rows of a grid as one Markdown table: means over seeds, and differences from the untouched backbone."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DRAWS = 2000


def table(folder: Path, out: Path, against: str = "initial") -> str:
    """One line a training: its R2 and the difference from the training `against` with a 95 % interval.

    The interval resamples items, by their group where they have one, and seeds; not those of `against`, of
    which errors are means.
    """
    about = json.loads((folder / "params.json").read_text())
    items = np.load(folder / "items.npz")
    columns = json.loads((out / "initial.json").read_text())["targets"]
    target = np.stack([items[name.removesuffix("_unseen")] for name in columns], axis=1)
    groups = items[about["group"]] if about["group"] else np.arange(len(target))
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for file in sorted(out.glob("*.json")):
        row = json.loads(file.read_text())
        row["error"] = (target - np.load(file.with_suffix(".npy"))) ** 2
        rows[row["cell"]].append(row)
    if against not in rows:
        raise SystemExit(f"no training '{against}'; there are: {', '.join(rows)}")
    base = np.mean([row["error"] for row in rows[against]], axis=0)
    initial = rows.pop("initial")
    heads = [*(f"R2 of {name} | minus {against}" for name in columns), "loss", "images seen"]
    lines = [
        f"| training | seeds | {' | '.join(heads)} |",
        "|---" * (len(columns) * 2 + 4) + "|",
    ]
    for name, of_seeds in {"initial": initial, **rows}.items():
        compared = None if name == against else base
        lines.append(_line(name, of_seeds, compared, target=target, groups=groups, columns=columns))
    return "\n".join(lines)


def _line(
    name: str,
    of_seeds: list[dict[str, Any]],
    base: NDArray[np.float64] | None,
    *,
    target: NDArray[np.float64],
    groups: NDArray[Any],
    columns: list[str],
) -> str:
    cells = [name, str(len(of_seeds))]
    errors = np.stack([row["error"] for row in of_seeds])  # [S, N, targets]
    for place, column in enumerate(columns):
        cells.append(f"{np.mean([row[f'r2_{column}'] for row in of_seeds]):.3f}")
        if base is None:
            cells.append("")
            continue
        mean, low, high = difference(errors[:, :, place], base[:, place], target[:, place], groups=groups)
        cells.append(f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]")
    losses = [row.get("losses", {}) for row in of_seeds]
    shown = [f"{key.partition('/')[2]} {np.mean([one[key] for one in losses]):.2f}" for key in losses[0]]
    cells += [", ".join(shown), f"{np.mean([row.get('images_seen', 0) for row in of_seeds]):.0f}"]
    return f"| {' | '.join(cells)} |"


def difference(
    errors: NDArray[np.float64],
    base: NDArray[np.float64],
    target: NDArray[np.float64],
    *,
    groups: NDArray[Any],
) -> tuple[float, float, float]:
    """The difference in R2 and its interval; `errors` [S, N] and `base` [N] are squared."""
    rng = np.random.default_rng(0)
    _, group = np.unique(groups, return_inverse=True)
    count, seeds = group.max() + 1, len(errors)

    def drop(weights: NDArray[np.float64], chosen: NDArray[np.int64]) -> float:
        mean = (weights * target).sum() / weights.sum()
        spread = (weights * (target - mean) ** 2).sum()
        return float(((base - errors[chosen].mean(axis=0)) * weights).sum() / spread)

    found = []
    for _ in range(DRAWS):
        drawn = np.bincount(rng.integers(count, size=count), minlength=count).astype(np.float64)
        found.append(drop(drawn[group], rng.integers(seeds, size=seeds)))
    low, high = np.quantile(found, [0.025, 0.975])
    return drop(np.ones(len(target)), np.arange(seeds)), float(low), float(high)
