"""docs/images/architecture.svg and the tables of docs/architecture.md: rooms, and who imports whom."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import networkx as nx

from scripts.reference.rooms import NEIGHBOURS, NEVER, TIERS, room_of

_ABOVE = ("stages", "pacl_core")  # these import rooms, and are not rooms themselves
ROOMS = tuple(tuple(room for room in tier if room not in _ABOVE) for tier in TIERS)

# Rooms of each tier from left to right, so that few arrows cross; one that is not listed comes last.
_ORDER = (
    *("cli", "inference"),
    *("explorer", "project", "doctor", "report", "examples", "evaluation"),
    *("methods", "datasets"),
    *("training", "encoding"),
    *("models", "corpus"),
    *("files", "runtime", "params", "media"),
    *("errors", "extras"),
)
_WIDTH, _BOX, _HEIGHT, _GAP, _MARGIN = 590, 84, 30, 46, 6
_TOP = 54  # of the first tier; the box of the stages is above it
_PORT = 12  # between the arrows at one side of a box
_STYLE = """\
text { font: 14px system-ui, sans-serif; fill: #1f2328; text-anchor: middle }
.note { font-size: 12.5px; fill: #59636e }
rect { fill: #eef2fb; stroke: #5b6ea8; rx: 5px }
.stages rect { fill: none; stroke: #8b949e; stroke-dasharray: 4 3 }
path { fill: none; stroke: #6e7781; stroke-width: 1.4 }
.implied path { stroke: #8b949e; stroke-width: .8; opacity: .35 }
marker path { fill: #6e7781; stroke: none }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .note { fill: #9da7b3 }
  rect { fill: #1c2333; stroke: #8aa0e0 } .stages rect { stroke: #6e7781 }
  path { stroke: #9da7b3 } .implied path { stroke: #6e7781 } marker path { fill: #9da7b3 }
}"""
_Places = dict[str, tuple[int, float]]  # room -> tier, counted from the top, and the middle of its box


def imports(root: Path) -> nx.DiGraph:
    """An edge from each room to each room that one of its modules imports, inside functions too.

    Raises `KeyError` for a room in no tier, and for rooms that import each other.
    """
    graph = nx.DiGraph()
    graph.add_nodes_from(room for tier in ROOMS for room in tier)
    for file in sorted((root / "pacl_core").rglob("*.py")):
        room = file.relative_to(root / "pacl_core").with_suffix("").parts[0]
        if room == "__init__":
            continue  # `pacl_core.load`, above all rooms
        if room not in graph:
            raise KeyError(f"pacl_core/{room}: in no tier; name it in scripts/reference/rooms.py")
        for name in _imported(ast.parse(file.read_text(encoding="utf-8"))):
            if name.startswith("pacl_core.") and room_of(name) != room:
                graph.add_edge(room, room_of(name))
    if not nx.is_directed_acyclic_graph(graph):
        cycle = [source for source, _ in nx.find_cycle(graph)]
        raise KeyError(f"rooms of pacl_core import each other: {' -> '.join([*cycle, cycle[0]])}")
    return graph


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def draw(graph: nx.DiGraph) -> str:
    """The image as SVG text, light and dark by the reader's setting; arrows that others imply are thin."""
    main: nx.DiGraph = nx.transitive_reduction(graph)
    places = _places()
    height = _top(len(ROOMS) - 1) + _HEIGHT + _MARGIN
    shown = 660  # pixels wide where there is room, else as wide as the page
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{shown}" height="{shown * height / _WIDTH:.0f}" '
            f'viewBox="0 0 {_WIDTH} {height}" role="img">',
            "<title>Rooms of pacl_core and who imports whom</title>",
            f"<style>{_STYLE}</style>",
            '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" '
            'orient="auto"><path d="M0 0 8 4 0 8z"/></marker>',
            '<g class="implied">',
            *(_line(places[source], places[target]) for source, target in sorted(graph.edges - main.edges)),
            "</g>",
            *_arrows(sorted(main.edges), places),
            f'<g class="stages"><rect x="{_MARGIN}" y="{_MARGIN}" width="{_WIDTH - 2 * _MARGIN}" '
            f'height="{_HEIGHT}"/><text class="note" x="{_WIDTH // 2}" y="{_MARGIN + 20}">'
            "stages/ may import every room</text></g>",
            *(_box(room, *place) for room, place in places.items()),
            "</svg>\n",
        ]
    )


def _places() -> _Places:
    places = {}
    for row, tier in enumerate(reversed(ROOMS)):
        pitch = (_WIDTH - 2 * _MARGIN) / len(tier)
        rooms = sorted(tier, key=lambda room: _ORDER.index(room) if room in _ORDER else len(_ORDER))
        for column, room in enumerate(rooms):
            places[room] = (row, _MARGIN + pitch * (column + 0.5))
    return places


def _top(row: int) -> int:
    return _TOP + row * (_HEIGHT + _GAP)


def _box(room: str, row: int, middle: float) -> str:
    return (
        f'<g><rect x="{middle - _BOX / 2:g}" y="{_top(row)}" width="{_BOX}" height="{_HEIGHT}"/>'
        f'<text x="{middle:g}" y="{_top(row) + 20}">{room}</text></g>'
    )


def _line(source: tuple[int, float], target: tuple[int, float]) -> str:
    (row, x), (to_row, to_x) = source, target
    return f'<path d="M{x:g} {_top(row) + _HEIGHT}L{to_x:g} {_top(to_row)}"/>'


def _arrows(edges: list[tuple[str, str]], places: _Places) -> list[str]:
    """One path per edge; those that meet at one side of a box are spread along it, without crossings."""
    ways = {edge: _way(*edge, places) for edge in edges}
    ends: dict[tuple[str, str], list[tuple[float, tuple[str, str]]]] = {}
    for (source, target), way in ways.items():
        if way[0][0] != way[-1][0]:
            ends.setdefault((source, "leaves"), []).append((way[1][1], (source, target)))
            ends.setdefault((target, "enters"), []).append((way[-2][1], (source, target)))
    shifts = {
        (edge, side): (number - (len(there) - 1) / 2) * _PORT
        for (_, side), there in ends.items()
        for number, (_, edge) in enumerate(sorted(there))
    }
    return [
        _arrow(way, shifts.get((edge, "leaves"), 0), shifts.get((edge, "enters"), 0))
        for edge, way in ways.items()
    ]


def _way(source: str, target: str, places: _Places) -> list[tuple[int, float]]:
    """Row and x of both boxes, and what is between: the nearest gap in each tier, boxes in their own."""
    (row, x), (to_row, to_x) = places[source], places[target]
    way = [(row, x)]
    if row == to_row:
        way += [(row, middle) for at, middle in places.values() if at == row and x < middle < to_x]
        way += [(row, middle) for at, middle in places.values() if at == row and to_x < middle < x]
    step = 1 if to_row > row else -1
    for passed in range(row + step, to_row, step):
        wanted = x + (to_x - x) * (passed - row) / (to_row - row)
        boxes = sorted(middle for at, middle in places.values() if at == passed)
        lefts = [0.0, *(middle + _BOX / 2 for middle in boxes)]
        rights = [*(middle - _BOX / 2 for middle in boxes), float(_WIDTH)]
        free = [
            min(max(wanted, left + 4), right - 4) for left, right in zip(lefts, rights, strict=True)
        ]  # the nearest place in each gap
        way.append((passed, min(free, key=lambda at: abs(at - wanted))))
    return [*way, (to_row, to_x)]


def _arrow(way: list[tuple[int, float]], leave: float, enter: float) -> str:
    (row, x), (to_row, to_x) = way[0], way[-1]
    side = _BOX / 2 if to_x > x else -_BOX / 2
    if row == to_row and len(way) > 2:  # over the boxes between
        y, x, to_x = _top(row), x + side / 2, to_x - side / 2
        over = f"C{x:g} {y - 24} {to_x:g} {y - 24} {to_x:g} {y}"
        return f'<path marker-end="url(#tip)" d="M{x:g} {y}{over}"/>'
    if row == to_row:  # to a neighbour
        return f'<path marker-end="url(#tip)" d="M{x + side:g} {_top(row) + _HEIGHT // 2}H{to_x - side:g}"/>'
    down = to_row > row
    xs = [x + leave, *(passed for _, passed in way[1:-1]), to_x + enter]
    path = ""
    for (at, _), (to, _), here, there in zip(way, way[1:], xs, xs[1:], strict=False):
        y, to_y = (_top(at) + _HEIGHT, _top(to)) if down else (_top(at), _top(to) + _HEIGHT)
        bend = round((to_y - y) * 0.6)
        begin = f"{'L' if path else 'M'}{here:g} {y}"
        path += f"{begin}C{here:g} {y + bend} {there:g} {to_y - bend} {there:g} {to_y}"
    return f'<path marker-end="url(#tip)" d="{path}"/>'


def rooms_table(root: Path, graph: nx.DiGraph) -> str:
    """What each room holds and imports; the highest first."""
    lines = ["| room | what it holds | imports |", "|---|---|---|"]
    for tier, rooms in zip(reversed(TIERS), reversed(ROOMS), strict=True):
        for room in rooms:
            name = f"{room}/" if (root / "pacl_core" / room).is_dir() else f"{room}.py"
            lines.append(f"| `{name}` | {tier[room]} | {_names(_by_tier(graph.successors(room)))} |")
    return "\n".join(lines) + "\n"


def folders_table(root: Path) -> str:
    """What each folder within a room holds, by its docstring."""
    package = root / "pacl_core"
    lines = ["| folder | what it holds |", "|---|---|"]
    for rooms in reversed(ROOMS):
        for room in rooms:
            for path in sorted((package / room).glob("*/**/__init__.py")):
                lines.append(f"| `{path.parent.relative_to(package)}/` | {_summary(path)} |")
    return "\n".join(lines) + "\n"


def tiers_table() -> str:
    """Who may import whom."""
    lines = ["| tier | rooms | may import | and in their own tier |", "|---|---|---|---|"]
    for number, rooms in reversed(list(enumerate(ROOMS, 1))):
        below = {1: "-", 2: "tier 1", 3: "tiers 1 and 2"}.get(number, f"tiers 1 to {number - 1}")
        same_tier = "; ".join(
            f"`{room}` imports {_names(NEIGHBOURS[room])}" for room in rooms if room in NEIGHBOURS
        )
        lines.append(f"| {number} | {_names(rooms)} | {below} | {same_tier or '-'} |")
    return "\n".join(lines) + "\n"


def never_table() -> str:
    """What is forbidden although the tiers would allow it."""
    lines = ["| room | never imports | except | because |", "|---|---|---|---|"]
    for rule in NEVER:
        what = f"`{rule.what}`" if rule.what else "anything of `pacl_core`"
        others = [one for one in rule.but if one != rule.who]
        lines.append(f"| `{rule.who}` | {what} | {_names(others)} | {rule.why} |")
    return "\n".join(lines) + "\n"


def _names(rooms: Iterable[str]) -> str:
    return ", ".join(f"`{room}`" for room in rooms) or "-"


def _by_tier(rooms: Iterable[str]) -> list[str]:
    order = [room for tier in reversed(ROOMS) for room in tier]
    return sorted(rooms, key=order.index)


def _summary(path: Path) -> str:
    """The first paragraph of a module's docstring. Raises `KeyError` where there is none."""
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not said:
        raise KeyError(f"{path}: no docstring; say in a line what the folder holds")
    return " ".join(said.split("\n\n")[0].split()).replace("|", "\\|")
