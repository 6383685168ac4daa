"""Commands, Python blocks and tables of the pages, in a project whose stages have run."""

import polars as pl
import pytest

from tests.dag.small_project import Project, reproduced
from tests.docs.pages import Block
from tests.docs.project import columns, python_blocks, run_python, shell, to_run, with_its_scripts
from tests.docs.tables import described

pytestmark = pytest.mark.dag


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return with_its_scripts(reproduced(tmp_path_factory))


@pytest.mark.parametrize("command", to_run("RUN"))
def test_a_command_runs(project: Project, command: str) -> None:
    code, output = shell(project, command)
    assert code == 0, output


@pytest.mark.parametrize("block", python_blocks(whole=False), ids=str)
def test_a_python_block_runs(project: Project, block: Block) -> None:
    assert run_python(project, block)


def test_the_columns_are_those_of_the_tables(project: Project) -> None:
    there = {path: rows for path, rows in described().items() if (project.root / path).exists()}
    assert len(there) >= 6
    for path, rows in there.items():
        assert rows == columns(project.root / path), f"docs/stages.md: columns of {path}"


def test_the_worked_example_shows_what_it_says(project: Project) -> None:
    """No raw cosine of the default reaches 0.7; `clipscore` lifts some pairs above it."""
    table = pl.read_parquet(project.root / "data/partition.parquet")
    assert table["factual_score"].max() < 0.7
    assert table["factual_value"].max() > 0.7
