"""What `dvc repro` runs, and what it leaves alone: the real DAG on a small corpus."""

from pathlib import Path

import polars as pl
import pytest
from small_project import Project, commit_all, copy_project

pytestmark = pytest.mark.dag

AFTER_TRAIN = {
    "train",
    "evaluate@emoji_sentiment-linear-pacl",
    "compare",
    "report",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small project after one full reproduction, committed."""
    copied = copy_project(tmp_path_factory.mktemp("project"))
    copied.repro()
    commit_all(copied, "reproduced")
    return copied


@pytest.fixture
def restored(project: Project):
    """The project, put back after the test: from the run cache, without running anything."""
    params = (project.root / "params.yaml").read_bytes()
    yield project
    (project.root / "params.yaml").write_bytes(params)
    assert project.repro().ran == set()


def test_after_a_full_repro_nothing_is_stale(project: Project) -> None:
    assert "up to date" in project.run("dvc", "status").output
    assert project.repro().ran == set()


def test_sigma_reruns_the_partition_and_what_follows_but_no_model_pass(restored: Project) -> None:
    restored.edit(partition__factual__threshold=0.2)
    assert restored.repro().ran == {"partition", "shards"} | AFTER_TRAIN


def test_a_sigma_that_empties_partitions_is_said_and_goes_on(restored: Project) -> None:
    restored.edit(partition__emotional__threshold=2.0)
    done = restored.repro()
    assert done.ran == {"partition", "shards"} | AFTER_TRAIN
    assert "no pair is strong; training goes on without that partition" in done.output


def test_k_starts_at_the_pseudo_labels(restored: Project) -> None:
    restored.edit(pseudo_labels__k=3)
    assert restored.repro().ran == {"pseudo_labels", "shards"} | AFTER_TRAIN


def test_tau_starts_at_train(restored: Project) -> None:
    restored.edit(train__temperature=0.1)
    assert restored.repro().ran == AFTER_TRAIN


def test_the_backbone_starts_at_the_image_embeddings(restored: Project) -> None:
    restored.edit(backbone__image_size=48)
    backbone = {"image_embeddings", "initial", "pseudo_labels", "evaluate@emoji_sentiment-linear-initial"}
    # labels may come out the same, and then nothing changes in the shards
    assert backbone <= (ran := restored.repro().ran) <= backbone | {"shards"} | AFTER_TRAIN
    assert ran >= AFTER_TRAIN


def test_the_machine_decides_nothing(project: Project) -> None:
    ran = project.repro(PACL_DEVICE="cpu", PACL_WORKERS="1", PACL_BATCH="7").ran
    assert ran == set()


def test_one_stage_alone(restored: Project) -> None:
    restored.edit(partition__factual__threshold=0.5)
    assert restored.repro("-s", "partition").ran == {"partition"}


def test_the_partition_is_a_file_that_reads_on_its_own(project: Project) -> None:
    table = pl.read_parquet(project.root / "data/partition.parquet")
    assert table.height == 150
    assert set(table["partition"]) <= {"strong", "partial_emotional", "partial_factual", "weak"}


def test_the_daily_commands(restored: Project) -> None:
    """Those that the README shows, in its order."""
    done = restored.run("dvc", "exp", "run", "-S", "partition.factual.threshold=0.5")
    assert done.code == 0, done.output
    for command, word in (
        (("dvc", "metrics", "show"), "metrics/partition.json"),
        (("dvc", "metrics", "diff"), "shares.strong"),
        (("dvc", "params", "diff"), "partition.factual.threshold"),
        (("dvc", "plots", "show", "-o", "plots_html"), "index.html"),
        (("dvc", "plots", "diff", "-o", "plots_html"), "index.html"),
    ):
        done = restored.run(*command)
        assert done.code == 0, done.output
        assert word in done.output


def test_it_runs_without_git(project: Project, tmp_path: Path) -> None:
    import shutil

    bare = Project(tmp_path / "bare")
    shutil.copytree(project.root, bare.root, ignore=shutil.ignore_patterns(".git"))
    assert bare.run("dvc", "config", "--local", "core.no_scm", "true").code == 0
    assert bare.repro().ran == set()
