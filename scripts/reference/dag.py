"""The stages of dvc.yaml and what each reads, as an SVG for docs/ and for the report."""

from html import escape

import networkx as nx

from scripts.reference.dvc_file import Stage, flow

# Column and row of each stage; a stage that is not listed takes a free place below those that it reads.
_PLACES = {
    "pairs": (2, 0),
    "factual_scores": (0, 1),
    "image_embeddings": (2, 1),
    "text_embeddings": (3, 1),
    "clips": (5, 1),
    "selection": (4, 3),
    "emotionclip": (4, 4),
    "attention": (5, 4),
    "anps": (0, 2),
    "persons": (4, 2),
    "sentiment": (5, 2),
    "emotional_scores": (0, 3),
    "partition": (0, 4),
    "pseudo_labels": (2, 4),
    "shards": (1, 5),
    "embedding_map": (5, 5),
    "initial": (0, 6),
    "train": (1, 6),
    "recipe": (5, 6),
    "variant": (2, 6),
    "downstream": (3, 6),
    "pretext_set": (4, 6),
    "specialist_st": (6, 7),
    "specialist_ho": (5, 7),
    "specialist_hp": (3, 7),
    "amalgamate": (5, 8),
    "features": (1, 7),
    "leaks": (4, 7),
    "evaluate": (2, 8),
    "measure": (2, 9),
    "transfer": (4, 9),
    "compare": (2, 10),
    "examples": (3, 10),
    "report": (2, 11),
    "report_clips": (4, 11),
    "report_feng": (5, 11),
}
_REPEATED = {"recipe": "per recipe", "variant": "per weights"}
_REPEATED |= dict.fromkeys(("downstream", "leaks"), "per data set")
_REPEATED |= dict.fromkeys(("clips", "persons", "sentiment"), "per corpus of clips")
_REPEATED |= dict.fromkeys(("selection", "emotionclip", "attention", "report_clips"), "per training on clips")
_REPEATED |= dict.fromkeys(
    ("specialist_st", "specialist_ho", "specialist_hp", "amalgamate", "report_feng"),
    "per training of Feng et al.",
)
_REPEATED |= {"pretext_set": "per pretext set", "features": "per data set, variant", "transfer": "per entry"}
_REPEATED |= dict.fromkeys(("evaluate", "measure"), "per data set, protocol, variant")
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 148, 34, 16, 24, 8
_STYLE = """\
#dag text { font: 13px system-ui, sans-serif; fill: #1f2328; text-anchor: middle }
#dag .many { font-size: 9.5px; fill: #59636e }
#dag rect { fill: #eef2fb; stroke: #5b6ea8; rx: 5px }
#dag .model rect { fill: #fdf1e3; stroke: #b0722a }
#dag path { fill: none; stroke: #8b949e; stroke-width: 1.3 }
#dag marker path { fill: #8b949e; stroke: none }
@media (prefers-color-scheme: dark) {
  #dag text { fill: #e6edf3 }
  #dag .many { fill: #9da7b3 }
  #dag rect { fill: #1c2333; stroke: #8aa0e0 }
  #dag .model rect { fill: #33261a; stroke: #d99a53 }
}"""
_MODELS = (
    "models/",
    "data/embeddings",
    "data/scores",
    "data/features",
    "data/persons",
    "data/sentiment",
)  # written by stages that run a model


def draw(stages: dict[str, Stage]) -> str:
    """The image as SVG text, light or dark as the reader's system is set.

    Its styles apply to itself only: in the report it is part of a page.
    """
    graph = flow(stages)
    places = _places(graph)
    columns = 1 + max(column for column, _ in places.values())
    rows = 1 + max(row for _, row in places.values())
    width = 2 * _MARGIN + columns * _WIDTH + (columns - 1) * _GAP_X
    height = 2 * _MARGIN + rows * _HEIGHT + (rows - 1) * _GAP_Y
    edges = [_edge(places, *edge) for edge in sorted(graph.edges)]
    nodes = [_node(stage, *places[name]) for name, stage in stages.items()]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" id="dag" viewBox="0 0 {width} {height}" role="img">',
            "<title>Stages of the pipeline and what flows between them</title>",
            f"<style>{_STYLE}</style>",
            '<marker id="dag-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto"><path d="M0 0 8 4 0 8z"/></marker>',
            *edges,
            *nodes,
            "</svg>\n",
        ]
    )


def _places(graph: nx.DiGraph) -> dict[str, tuple[int, int]]:
    places = {name: place for name, place in _PLACES.items() if name in graph}
    for name in nx.lexicographical_topological_sort(graph):
        if name not in places:
            row = 1 + max((places[one][1] for one in graph.predecessors(name)), default=-1)
            taken = set(places.values())
            places[name] = next((column, row) for column in range(len(graph)) if (column, row) not in taken)
    return places


def _node(stage: Stage, column: int, row: int) -> str:
    x, y = _corner(column, row)
    repeated = _REPEATED.get(stage.name)
    kind = ' class="model"' if any(out.startswith(_MODELS) for out in stage.writes) else ""
    middle = x + _WIDTH / 2
    note = f'<text class="many" x="{middle:g}" y="{y + 28}">{repeated}</text>' if repeated else ""
    box = f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}"/>'
    return (
        f"<g{kind}><title>{escape(stage.desc, quote=False)}</title>{box}"
        f'<text x="{middle:g}" y="{y + (16 if repeated else 22)}">{stage.name}</text>{note}</g>'
    )


def _edge(places: dict[str, tuple[int, int]], source: str, target: str) -> str:
    """Straight down, and across in one gap: the last where the way down is free, else the first."""
    (from_column, from_row), (to_column, to_row) = places[source], places[target]
    x, y = _corner(from_column, from_row)
    to_x, to_y = _corner(to_column, to_row)
    x, to_x, y = x + _WIDTH // 2, to_x + _WIDTH // 2, y + _HEIGHT
    free = not any((from_column, row) in places.values() for row in range(from_row + 1, to_row))
    above = to_y - _GAP_Y if free else y
    below = above + _GAP_Y - 8  # the tip points down
    curve = f"C{x} {below - 2} {to_x} {above + 2} {to_x} {below}"
    return f'<path marker-end="url(#dag-arrow)" d="M{x} {y}V{above}{curve}V{to_y}"/>'


def _corner(column: int, row: int) -> tuple[int, int]:
    return _MARGIN + column * (_WIDTH + _GAP_X), _MARGIN + row * (_HEIGHT + _GAP_Y)
