"""Stages of dvc.yaml: the data that they read and write, and which stages read each other's outs."""

import re
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import yaml

_COMMITTED = {"data/${leaks.among}": "data/pairs"}  # as params.yaml comes; its values may name clips


@dataclass(frozen=True)
class Stage:
    """`reads` and `writes` are paths of data, `params` keys of params.yaml, as written there."""

    name: str
    desc: str
    cmd: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    params: tuple[str, ...]


def read_stages(path: Path) -> dict[str, Stage]:
    """Every stage by name, in the file's order."""
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))["stages"]
    return {name: _stage(name, body.get("do", body)) for name, body in declared.items()}


def _stage(name: str, body: dict[str, list[str]]) -> Stage:
    outs = [*body.get("outs", []), *body.get("metrics", []), *body.get("plots", [])]
    return Stage(
        name=name,
        desc=str(body["desc"]),
        cmd=str(body["cmd"]).replace(
            '"$DVC_STAGE"', " ".join(f"'<{one}>'" for one in body.get("matrix", ["name"]))
        ),
        reads=tuple(
            _COMMITTED.get(dep, dep) for dep in body["deps"] if not dep.startswith(("pacl_core", "stages"))
        ),
        writes=tuple(out if isinstance(out, str) else next(iter(out)) for out in outs),
        params=tuple(body.get("params", [])),
    )


def flow(stages: dict[str, Stage]) -> nx.DiGraph:
    """Edges from a stage to those that read its outs, without the edges that others imply."""
    graph = nx.DiGraph()
    graph.add_nodes_from(stages)
    for reader in stages.values():
        for writer in stages.values():
            if writer is not reader and any(_meet(out, dep) for out in writer.writes for dep in reader.reads):
                graph.add_edge(writer.name, reader.name)
    reduced: nx.DiGraph = nx.transitive_reduction(graph)
    return reduced


def _meet(out: str, dep: str) -> bool:
    """Whether one is inside the other; `${...}` is any name, and alone a path outside the DAG."""
    if dep.startswith("${"):
        return False
    shorter, longer = sorted((_parts(out), _parts(dep)), key=len)
    return all(_same(one, other) for one, other in zip(shorter, longer, strict=False))


def _parts(path: str) -> list[str]:
    return path.split("/")


def _same(one: str, other: str) -> bool:
    return one == other or bool(_pattern(one).fullmatch(other)) or bool(_pattern(other).fullmatch(one))


def _pattern(part: str) -> re.Pattern[str]:
    literal = [re.escape(text) for text in re.split(r"\$\{[^}]*\}", part)]
    return re.compile(".+".join(literal))
