"""A stage killed in the middle of a model pass resumes from its scratch and ends with the same bytes."""

import shutil
import signal

import pytest

from tests.dag.small_project import Project, copy_project
from tests.faults.processes import starter, until

pytestmark = pytest.mark.dag

PASSES = {
    "image_embeddings": "data/embeddings/image",
    "text_embeddings": "data/embeddings/text",
    "anps": "data/scores/anps.parquet",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Large enough that a pass lasts for several of the notes that it makes of its progress."""
    copied = copy_project(tmp_path_factory.mktemp("killed"), posts=400)
    copied.edit(backbone__image_size=96)
    for stage in ("pairs", "factual_scores"):
        done = copied.run("python", "-m", f"stages.{stage}")
        assert done.code == 0, done.output
    return copied


def kill_half_way(project: Project, stage: str, seconds: float = 120) -> None:
    """Start a stage and SIGKILL it once its scratch says that something is finished."""
    running = starter().start(project.root, stage, PACL_BATCH="1")
    scratch = project.root / ".pacl/scratch" / stage
    until(lambda: any(scratch.rglob("done.json")) or not running.running, seconds)
    running.kill(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL, "the stage ended before it could be killed"


@pytest.mark.parametrize("stage", PASSES)
def test_killed_and_started_again_it_ends_with_the_same_bytes(project: Project, stage: str) -> None:
    out = PASSES[stage]
    done = project.run("python", "-m", f"stages.{stage}", PACL_BATCH="1")
    assert done.code == 0, done.output
    undisturbed = project.bytes_of(out)
    path = project.root / out
    shutil.rmtree(path) if path.is_dir() else path.unlink()

    kill_half_way(project, stage)
    assert not (project.root / out).exists()
    again = project.run("python", "-m", f"stages.{stage}", PACL_BATCH="1")
    assert again.code == 0, again.output
    assert "continuing after" in again.output
    assert project.bytes_of(out) == undisturbed
    assert not any((project.root / ".pacl/scratch").rglob("rows.npy"))


def test_scratch_of_other_params_is_not_continued(project: Project) -> None:
    kill_half_way(project, "image_embeddings")
    project.edit(backbone__image_size=48)
    done = project.run("python", "-m", "stages.image_embeddings", PACL_BATCH="1")
    assert done.code == 0, done.output
    assert "continuing after" not in done.output
