"""Places for a graph in layers (Sugiyama's method): who stands below whom, and where long arrows pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Graph = Mapping[str, set[str]]
Point = tuple[float, float]

_SWEEPS = 8


@dataclass(frozen=True)
class Layout:
    """`centres` of the nodes; `ways`: (from, to) -> where an arrow passes the layers between."""

    centres: dict[str, Point]
    ways: dict[tuple[str, str], list[Point]]
    width: float
    height: float


def layout(after: Graph, box: Point, gap: Point, *, lane: float) -> Layout:
    """Lay out an acyclic graph from top to bottom. `after`: node -> those it stands below.

    `box` and `gap` are width and height, `lane` the width that a passing arrow keeps free. An arrow that a
    longer way already says is left out.
    """
    direct = {name: _direct(name, after) for name in after}
    depth = _depths(after)
    rows: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name, level in depth.items():
        rows[level].append(name)
    above: dict[str, list[str]] = {name: [] for name in after}
    passing: dict[tuple[str, str], list[str]] = {}
    for name, reads in direct.items():
        for one in sorted(reads):
            chain = [one]
            for level in range(depth[one] + 1, depth[name]):
                chain.append(f"{one} > {name} @ {level}")
                rows[level].append(chain[-1])
                above[chain[-1]] = [chain[-2]]
            above[name].append(chain[-1])
            passing[one, name] = chain[1:]
    below: dict[str, list[str]] = {name: [] for name in above}
    for name, reads_of in above.items():
        for one in reads_of:
            below[one].append(name)
    wide = {name: box[0] if name in after else lane for name in above}
    x = _across(rows, above, below, wide=wide, gap=gap[0])
    left = min((x[name] - wide[name] / 2 for name in x), default=0.0)
    right = max((x[name] + wide[name] / 2 for name in x), default=0.0)
    place = {
        name: (x[name] - left, level * (box[1] + gap[1]) + box[1] / 2)
        for level, row in enumerate(rows)
        for name in row
    }
    return Layout(
        {name: place[name] for name in after},
        {ends: [place[one] for one in chain] for ends, chain in passing.items()},
        right - left,
        max(len(rows) * (box[1] + gap[1]) - gap[1], 0.0),
    )


def _depths(after: Graph) -> dict[str, int]:
    """Each node as high as it can stand below all that it reads."""
    depth: dict[str, int] = {}

    def below(name: str) -> int:
        if name not in depth:
            depth[name] = 1 + max((below(one) for one in after[name]), default=-1)
        return depth[name]

    for name in after:
        below(name)
    return {name: depth[name] for name in after}


def _direct(name: str, after: Graph) -> set[str]:
    """What a node reads, but for what another of these reads already, directly or not."""

    def all_above(one: str) -> set[str]:
        return after[one].union(*(all_above(other) for other in after[one]))

    return after[name] - {far for one in after[name] for far in all_above(one)}


def _across(
    rows: Sequence[list[str]],
    above: Mapping[str, list[str]],
    below: Mapping[str, list[str]],
    *,
    wide: Mapping[str, float],
    gap: float,
) -> dict[str, float]:
    """Each as near as can be to the middle of its neighbours, in an order in which few arrows cross."""
    x: dict[str, float] = {}
    for row in rows:
        x |= _packed(row, dict.fromkeys(row, 0.0), wide, gap=gap)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else rows[::-1]:
            near = above if down else below
            wanted = {name: _mean([x[one] for one in near[name]], x[name]) for name in row}
            row.sort(key=lambda name: (wanted[name], x[name]))
            x |= _packed(row, wanted, wide, gap=gap)
    for _ in range(3 * _SWEEPS):  # the order is found: every neighbour has a say in the place
        for row in rows:
            wanted = {name: _mean([x[one] for one in above[name] + below[name]], x[name]) for name in row}
            x |= _packed(row, wanted, wide, gap=gap)
    return x


def _packed(
    row: Sequence[str], wanted: Mapping[str, float], wide: Mapping[str, float], *, gap: float
) -> dict[str, float]:
    """Places in the order of `row`, without overlap: the mean of pushing to the right and to the left."""
    right: list[float] = []
    for place, name in enumerate(row):
        least = right[-1] + (wide[row[place - 1]] + wide[name]) / 2 + gap if right else -float("inf")
        right.append(max(wanted[name], least))
    left: list[float] = []
    for place in range(len(row) - 1, -1, -1):
        name = row[place]
        most = left[-1] - (wide[row[place + 1]] + wide[name]) / 2 - gap if left else float("inf")
        left.append(min(wanted[name], most))
    return {name: (a + b) / 2 for name, a, b in zip(row, right, left[::-1], strict=True)}


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
