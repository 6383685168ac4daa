"""Tests mirror the package: a module's test has its name, or a test file of its folder names it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.reference.rooms import TIERS, room_of
from tests.architecture.sources import Source, imported_names, modules, read_under
from tests.paths import ROOT

# stages but these two are run, all that dvc.yaml has, by tests/dag and tests/faults
PLUMBING = ("stages.run", "stages.signals")


def files_of(module: str) -> Iterator[Source]:
    """Test files in tests/<path of the module> and the folders above, up to its room's.

    A package's may be inside its own; a module that is in no room may be tested anywhere.
    """
    parts = module.removeprefix("pacl_core.").split(".")
    if not modules()[module].is_package:
        del parts[-1]
    folders = [ROOT / "tests" / Path(*parts[:end]) for end in range(1, len(parts) + 1)]
    if module.startswith("stages"):
        folders.append(ROOT / "tests/faults")
    folders = folders if module.count(".") else []
    for source in read_under("tests").values():
        if source.file.name.startswith("test_") and (not folders or source.file.parent in folders):
            yield source


def is_tested(module: str) -> bool:
    """By a file of its name, or by one that imports it or whose docstring has its name."""
    last = module.split(".")[-1]
    for source in files_of(module):
        imported = {part for name in imported_names(source.tree) for part in (name, name.rpartition(".")[0])}
        docstring = ast.get_docstring(source.tree) or ""
        if source.file.stem == f"test_{last}" or module in imported or re.search(rf"\b{last}\b", docstring):
            return True
    return False


@pytest.mark.parametrize("room", [room for tier in TIERS for room in tier])
def test_every_module_has_a_test(room: str) -> None:
    missing = [
        source.path
        for module, source in modules().items()
        if room_of(module) == room and not source.is_blank
        if room != "stages" or module in PLUMBING
        if not is_tested(module)
    ]
    assert not missing, "\n".join(missing)


def test_test_files_import_the_project_as_everyone_does() -> None:
    """By its name: no edit of sys.path, no module loaded by its path."""
    wrong = []
    for source in read_under("tests").values():
        for node in ast.walk(source.tree):
            named = ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""
            if (
                named in ("sys.path", "path_append")
                or named.endswith("spec_from_file_location")
                or (isinstance(node, ast.Attribute) and node.attr == "syspath_prepend")
            ):
                wrong.append(f"{source.path}:{node.lineno} {named}")
    # which does what `python -m` does in a folder
    wrong = [one for one in wrong if not one.startswith("tests/faults/fork_server.py:")]
    assert not wrong, "\n".join(wrong)
