"""What a stage's source says it uses: the modules it imports and the params keys it reads."""

import ast
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin

from pacl_core.methods.params import Params
from pacl_core.params.section import Section
from tests.paths import ROOT

# How a run is carried out, and what it is told: values of params are tracked one by one. Of runtime, the
# number of threads alone decides bits.
CANNOT_CHANGE_RESULTS = (
    "pacl_core/__init__.py",
    "pacl_core/errors.py",
    "pacl_core/extras.py",
    "pacl_core/methods/params.py",
    "pacl_core/methods/pacl/params.py",
    "pacl_core/params/",
    "pacl_core/project/",
    *(
        f"pacl_core/runtime/{name}.py"
        for name in (
            "file_states",
            "instructions",
            "jobs",
            "lock",
            "progress",
            "ray_cluster",
            "scratch",
            "settings",
            "timings",
        )
    ),
    "stages/__init__.py",
    "stages/declared.py",
    "stages/inputs.py",
    "stages/run.py",
    "stages/signals.py",
)


@cache
def _modules() -> dict[str, Path]:
    files = [file for folder in ("pacl_core", "stages") for file in (ROOT / folder).rglob("*.py")]
    return {_module_name(file): file for file in files}


def _module_name(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree_of(file: Path) -> ast.Module:
    """The syntax tree of a file, parsed once."""
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def _imports(name: str) -> set[str]:
    """Modules of the project that a module imports, lazily or not, and every kind it may load by name."""
    modules = _modules()
    tree = tree_of(modules[name])
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif "import_module" in (getattr(node, "id", None), getattr(node, "attr", None)):
            found |= {other for other in modules if other.startswith(f"{name}.")}
    packages = {".".join(one.split(".")[:end]) for one in found for end in range(1, one.count(".") + 1)}
    return {one for one in found | packages if one in modules}


@cache
def code_of(stage: str) -> set[str]:
    """Files, relative to the root, that can change what a stage writes."""
    modules = _modules()
    seen: set[str] = set()
    waiting = [f"stages.{stage}"]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            # `pacl_core.load` is for people, no stage calls it; the other only compares what a stage has read
            if name in ("pacl_core", "stages.inputs"):
                continue
            waiting += _imports(name)
    files = {str(modules[name].relative_to(ROOT)) for name in seen}
    files |= {file for name in seen for file in _data_of(modules[name])}
    return {file for file in files if not file.startswith(CANNOT_CHANGE_RESULTS) and not _is_blank(file)}


@cache
def _data_of(module: Path) -> set[str]:
    """Templates, weights: files other than Python, next to a module that names them or their folder."""
    nodes = ast.walk(tree_of(module))
    named = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    found = [other for other in module.parent.iterdir() if other.name in named]
    files = {file for other in found for file in (other.rglob("*") if other.is_dir() else [other])}
    return {str(file.relative_to(ROOT)) for file in files if is_data(file)}


def is_data(file: Path) -> bool:
    """True for a file of the package that is not code."""
    return file.is_file() and file.suffix not in (".py", ".pyc")


@cache
def _is_blank(file: str) -> bool:
    """True for a Python file that holds nothing but a docstring."""
    if not file.endswith(".py"):
        return False
    body = tree_of(ROOT / file).body
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)


def keys_read_by(stage: str) -> set[str]:
    """Params keys, down to single values, that the attribute chains on `params` in a stage reach."""
    tree = tree_of(ROOT / "stages" / f"{stage}.py")
    inside = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    chains = {chain for node in ast.walk(tree) if id(node) not in inside and (chain := _chain(node))}
    return {key for chain in chains for key in _values_under(chain)}


def _chain(node: ast.AST) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name) and node.id == "params" and parts:
        return ".".join(reversed(parts))
    return None


def _values_under(chain: str) -> set[str]:
    """Keys of single values at or under a chain; method names at its end (`model_dump`) are not keys."""
    section: Any = Params
    path: list[str] = []
    for part in chain.split("."):
        if (
            not (isinstance(section, type) and issubclass(section, Section))
            or part not in section.model_fields
        ):
            break
        annotation = section.model_fields[part].annotation
        path.append(part)
        section = get_origin(annotation) or annotation if not _is_section(annotation) else annotation
    return _leaves(".".join(path), section)


def _leaves(prefix: str, section: Any) -> set[str]:
    if not _is_section(section):
        return {prefix}
    return {
        leaf
        for name, field in section.model_fields.items()
        for leaf in _leaves(f"{prefix}.{name}", field.annotation)
    }


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and not get_args(annotation) and issubclass(annotation, Section)
