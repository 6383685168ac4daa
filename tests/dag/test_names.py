"""Names in params.yaml become parts of stages: none of them reaches a shell, whichever way DVC is asked."""

import pytest
import yaml

from tests.dag.small_project import Project, copy_project
from tests.paths import ROOT

pytestmark = pytest.mark.dag

(ENTRY,) = yaml.safe_load((ROOT / "params.yaml").read_text())["downstream"].values()
HOSTILE = (
    "x;touch HACKED",
    "x';touch HACKED;'",
    'x";touch HACKED;"',
    "$(touch HACKED)",
    "`touch HACKED`",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return copy_project(tmp_path_factory.mktemp("names") / "project")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("stage", ["downstream", "features"])
def test_a_name_is_refused_before_a_shell_can_read_it(project: Project, stage: str, name: str) -> None:
    """One stage by itself, without check_names, and with all that it depends on at hand."""
    project.edit(downstream={name: dict(ENTRY)}, evaluate__variants=[name])
    for path in (f"data/downstream/{name}.parquet", f"models/{name}/model.json", "data/names_checked.txt"):
        (project.root / path).parent.mkdir(parents=True, exist_ok=True)
        (project.root / path).write_text("")
    done = project.run("dvc", "repro", "--single-item", stage)
    assert done.code != 0
    assert f"{stage}: error: params.yaml: downstream.{name}: {name!r} is not a valid name" in done.output
    assert not list(project.root.rglob("HACKED"))


@pytest.mark.parametrize("name", [*HOSTILE, "my set", "fi.v2", "a@b", "it's", ""])
def test_a_whole_run_is_told_before_dvc_reads_a_name(project: Project, name: str) -> None:
    """By the check that `make repro` makes: at 'a@b' DVC itself stops, without a word of params.yaml."""
    project.edit(downstream={name: dict(ENTRY)}, evaluate__variants=["initial"])
    done = project.run("python", "-m", "stages.ready")
    assert done.code == 1
    assert f"ready: error: params.yaml: downstream.{name}: {name!r} is not a valid name" in done.output
    assert "use a-z, 0-9, _ and - only" in done.output


def test_a_stage_finds_its_data_set_from_a_folder_below(project: Project) -> None:
    project.edit(downstream={"my_set-2": dict(ENTRY)}, evaluate__variants=["initial"])
    below = Project(project.root / "data/datasets")
    done = below.run("dvc", "repro", "../../dvc.yaml:downstream@my_set-2")
    assert done.code == 0, done.output
    assert (project.root / "data/downstream/my_set-2.parquet").is_file()
