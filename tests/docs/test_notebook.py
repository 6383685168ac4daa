"""docs/notebooks/own_folder.ipynb: stored without outputs, and its cells run one after another."""

import ast
import json
import sys
from pathlib import Path

import pytest

from tests.dag.small_project import copy_project
from tests.paths import ROOT

NOTEBOOK = ROOT / "docs/notebooks/own_folder.ipynb"
CELLS = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
CODE = ["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"]


def test_it_is_stored_without_outputs() -> None:
    found = [cell for cell in CELLS if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in found)
    assert len(CODE) > 5


@pytest.mark.parametrize("cell", CODE, ids=range(len(CODE)))
def test_every_cell_is_plain_python(cell: str) -> None:
    """No `!` and no `%`, so that it runs without a notebook too."""
    ast.parse(cell)


@pytest.mark.slow
def test_its_cells_run(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    (project.root / "cells.py").write_text("\n\n".join(CODE), encoding="utf-8")
    done = project.run(sys.executable, "cells.py", PYTHONPATH=str(project.root))
    assert done.code == 0, done.output
    assert (project.root / "report/index.html").is_file()
    assert "emoji_sentiment, linear: " in done.output
    assert "a happy face ['" in done.output
