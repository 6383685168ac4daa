"""Which files are generated, all or in part, and what they should say."""

import ast
import json
import re
from pathlib import Path

import yaml

from pacl_core.report.sections.identity import flat
from scripts.reference import architecture, dag
from scripts.reference.cli_page import cli_page
from scripts.reference.dvc_file import Stage, read_stages
from scripts.reference.params_page import params_page
from scripts.reference.python_page import python_page
from scripts.reference.stage_table import stage_table

_STAGE = re.compile(r"(<!-- dvc\.yaml: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_TABLE = re.compile(r"(<!-- imports: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_SOURCE = re.compile(r"(<!-- source: (\S+?)((?: \w+)*) -->\n).*?(<!-- end -->)", re.DOTALL)


def generated(root: Path) -> dict[Path, str]:
    """Text of every file with generated parts. Raises `KeyError`: a stage or key without description."""
    stages = read_stages(root / "dvc.yaml")
    image = dag.draw(stages)
    return {
        root / "docs/stages.md": _stages_page(root / "docs/stages.md", stages),
        root / "docs/params.md": params_page(root / "scripts/reference/meanings.yaml"),
        root / "docs/cli.md": cli_page(),
        root / "docs/python.md": python_page(root),
        root / "docs/images/dag.svg": image,
        root / "pacl_core/report/templates/dag.svg": image,  # ships with the package
        root / "pacl_core/report/templates/default_params.tsv": _default_params(root / "params.yaml"),
        root / "docs/architecture.md": _architecture_page(root),
        root / "docs/images/architecture.svg": architecture.draw(architecture.imports(root)),
    }


def stale(root: Path) -> dict[Path, str]:
    """The generated files whose text on disk differs."""
    return {
        path: text
        for path, text in generated(root).items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    }


def _default_params(params: Path) -> str:
    """Dotted keys and their values as JSON: what the report calls the default."""
    tree = yaml.safe_load(params.read_text(encoding="utf-8"))
    return "".join(f"{key}\t{json.dumps(value)}\n" for key, value in flat(tree))


def _stages_page(page: Path, stages: dict[str, Stage]) -> str:
    text = page.read_text(encoding="utf-8")
    described = {name for _, name, _ in _STAGE.findall(text)}
    if missing := set(stages) - described:
        raise KeyError(f"{page}: no section with '<!-- dvc.yaml: {missing.pop()} -->'; describe the stage")
    return _STAGE.sub(lambda found: f"{found[1]}\n{stage_table(stages[found[2]])}\n{found[3]}", text)


def _architecture_page(root: Path) -> str:
    graph = architecture.imports(root)
    tables = {
        "rooms": architecture.rooms_table(root, graph),
        "folders": architecture.folders_table(root),
        "tiers": architecture.tiers_table(),
        "never": architecture.never_table(),
    }
    text = (root / "docs/architecture.md").read_text(encoding="utf-8")
    text = _TABLE.sub(lambda found: f"{found[1]}\n{tables[found[2]]}\n{found[3]}", text)
    return _SOURCE.sub(
        lambda found: f"{found[1]}\n{quoted(root, found[2], found[3].split())}\n{found[4]}", text
    )


def quoted(root: Path, path: str, names: list[str]) -> str:
    """A Python file, or its definitions of `names`, as Markdown. Raises `KeyError` if a name is missing."""
    text = (root / path).read_text(encoding="utf-8")
    if names:
        nodes = {
            node.name: node
            for node in ast.parse(text).body
            if isinstance(node, ast.ClassDef | ast.FunctionDef)
        }
        if missing := set(names) - set(nodes):
            raise KeyError(f"{path}: no definition of '{missing.pop()}', which docs/architecture.md shows")
        text = "\n\n".join(_definition(text, nodes[name]) for name in names)
    return f'```python title="{path}"\n{text.strip()}\n```\n'


def _definition(text: str, node: ast.ClassDef | ast.FunctionDef) -> str:
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    return "".join(text.splitlines(keepends=True)[first - 1 : node.end_lineno])
