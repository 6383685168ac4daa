"""A sweep as presets/sweeps/README.md shows it: queued, run by DVC's worker, gathered by `make tables`."""

import shutil
import time

import pytest

from tests.dag.small_project import ROOT, Project, commit_all, copy_project

pytestmark = [pytest.mark.dag, pytest.mark.slow]

MINUTES = 40


@pytest.fixture(scope="module")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small project, reproduced and committed, its stages in the cache."""
    project = copy_project(tmp_path_factory.mktemp("project"))
    shutil.copytree(ROOT / "presets/sweeps", project.root / "presets/sweeps")
    commit_all(project, "settings")  # git has to know dvc.yaml's files before experiments copy them
    project.repro()
    commit_all(project, "Adopted settings")
    return project


def tables(project: Project) -> dict[str, list[list[str]]]:
    """Title -> rows of cells, of what `make tables` prints."""
    done = project.run("python", "-m", "pacl_core.cli.tables")
    assert done.code == 0, done.output
    found = {}
    for part in done.output.split("\n## ")[1:]:
        title, *lines = part.splitlines()
        rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
        found[title] = rows
    return found


def test_a_queued_sweep_fills_its_table_and_no_other(adopted: Project) -> None:
    before = tables(adopted)
    done = adopted.run("sh", "presets/sweeps/table5-tau.sh")
    assert done.code == 0, done.output
    # the worker keeps the outputs of the command that starts it open: a pipe would not end before it does
    done = adopted.run("sh", "-c", "dvc queue start > .dvc/tmp/worker.log 2>&1")
    assert done.code == 0, done.output
    deadline = time.monotonic() + 60 * MINUTES
    while "Queued" in (status := adopted.run("dvc", "queue", "status").output) or "Running" in status:
        assert time.monotonic() < deadline, status
        time.sleep(2)
    assert status.count("Success") == 5, status

    after = tables(adopted)
    head, _, *rows = after["Table 5: tau"]
    own = [column for column, name in enumerate(head) if name.startswith("emoji_sentiment-linear-")]
    assert len(own) == 3
    assert [row[0] for row in rows] == ["0.01", "0.03", "0.05", "0.07", "0.5"]
    assert all(row[column] != "not run" for row in rows for column in own)
    assert len({tuple(row[column] for column in own) for row in rows}) > 1  # another tau, other figures
    # the adopted temperature is the workspace's own run, restored from the cache
    assert [before["Table 5: tau"][5][column] for column in own] == [rows[3][column] for column in own]
    assert after["Table 5: k"] == before["Table 5: k"]
    assert after["Table 4: partition and usage"] == before["Table 4: partition and usage"]
