"""Commands and Python blocks that take minutes, and every table, in a project whose stages have run."""

import pytest

from tests.dag.small_project import Project, reproduced
from tests.docs.pages import Block
from tests.docs.project import columns, python_blocks, run_python, shell, to_run, with_its_scripts
from tests.docs.tables import described

pytestmark = [pytest.mark.dag, pytest.mark.slow]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return with_its_scripts(reproduced(tmp_path_factory))


@pytest.mark.parametrize("block", python_blocks(whole=True), ids=str)
def test_a_python_block_runs(project: Project, block: Block) -> None:
    assert run_python(project, block)


def test_the_columns_are_those_of_the_tables(project: Project) -> None:
    for path, rows in described().items():
        assert rows == columns(project.root / path), f"docs/stages.md: columns of {path}"


@pytest.mark.parametrize("command", to_run("RUN_ALL"))
def test_a_command_runs(project: Project, command: str) -> None:
    code, output = shell(project, command)
    assert code == 0, output
