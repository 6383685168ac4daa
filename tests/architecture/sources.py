"""The code of `pacl_core` and `stages` as syntax trees, and who imports whom. Nothing is imported."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.paths import ROOT

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Source(NamedTuple):
    """A Python file: its text and its syntax tree."""

    file: Path
    text: str
    tree: ast.Module

    @property
    def path(self) -> str:
        """Relative to the root."""
        return str(self.file.relative_to(ROOT))

    @property
    def is_package(self) -> bool:
        return self.file.name == "__init__.py"

    @property
    def is_blank(self) -> bool:
        """True where there is nothing but a docstring."""
        return all(isinstance(node, ast.Expr) and is_text(node.value) for node in self.tree.body)


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@cache
def read_under(folder: str) -> dict[str, Source]:
    """Every Python file under a folder of the project, by its dotted name."""
    found = {}
    for file in sorted((ROOT / folder).rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = Source(file, text, ast.parse(text))
    return found


def modules() -> dict[str, Source]:
    """Every module of the two packages."""
    return read_under("pacl_core") | read_under("stages")


def imported_names(tree: ast.AST) -> Iterator[str]:
    """Dotted names that a file imports, lazily or not; `from a import b` gives `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@cache
def imports() -> dict[str, set[str]]:
    """Module -> modules of the two packages that it imports."""
    known = modules()
    found = {}
    for name, source in known.items():
        named = {one if one in known else one.rpartition(".")[0] for one in imported_names(source.tree)}
        found[name] = named & known.keys() - {name}
    return found


def importers() -> dict[str, set[str]]:
    """Module -> modules of the two packages that import it."""
    found: dict[str, set[str]] = {name: set() for name in modules()}
    for name, others in imports().items():
        for other in others:
            found[other].add(name)
    return found


def functions(
    tree: ast.AST, owner: ast.ClassDef | None = None
) -> Iterator[tuple[Function, ast.ClassDef | None]]:
    """Every function, nested ones too, and the class that it is a method of."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, Function):
            yield child, owner
        if isinstance(child, ast.ClassDef):
            yield from functions(child, child)
        else:  # a method may be inside an `if` of its class
            yield from functions(child, None if isinstance(child, Function) else owner)
