"""Faults as `dvc repro` meets them: damaged artefacts, two at once, Ctrl-C and SIGTERM to the whole group."""

import os
import random
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.dag.small_project import Project
from tests.faults.processes import drafts, tree, until
from tests.faults.small_reference import Reference

pytestmark = pytest.mark.dag


@pytest.fixture(scope="module")
def known(reference: Reference, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """A copy of the project whose outs DVC has taken as they are."""
    root = tmp_path_factory.mktemp("dvc") / "project"
    shutil.copytree(reference.root, root)
    assert Project(root).run("dvc", "commit", "--force").code == 0
    assert Project(root).repro().ran == set()
    return replace(reference, root=root)


def dvc(root: Path, *arguments: str) -> subprocess.Popen[str]:
    """The real command, it and its stages in one process group, as a terminal starts them."""
    environ = os.environ | {"DVC_NO_ANALYTICS": "1", "PACL_DEVICE": "cpu", "PACL_WORKERS": "2"}
    environ |= {"PACL_BATCH": "8", "OMP_NUM_THREADS": "1"}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    return subprocess.Popen(
        ("dvc", *arguments),
        cwd=root,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finished(process: subprocess.Popen[str], code: int = 0) -> str:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == code, output
    return output


def in_the_work(known: Reference) -> subprocess.Popen[str]:
    """`dvc repro` in the middle of a model pass."""
    scratch = known.root / ".pacl/scratch/text_embeddings"
    shutil.rmtree(scratch, ignore_errors=True)
    process = dvc(known.root, "repro", "--force", "--single-item", "text_embeddings")
    assert until(lambda: any(scratch.glob("*/*")) or process.poll() is not None, 120)
    assert process.poll() is None
    return process


@pytest.mark.parametrize(
    ("artefact", "consumer"),
    [
        ("data/partition.parquet", "shards"),
        ("data/pairs", "shards"),
        ("data/embeddings/text/vectors.npy", "pseudo_labels"),
        ("data/shards/weak", "train"),
    ],
)
def test_a_flipped_byte_is_mended_before_anything_reads_it(
    known: Reference, artefact: str, consumer: str
) -> None:
    path = known.root / artefact
    file = sorted(path.iterdir())[0] if path.is_dir() else path
    whole = file.read_bytes()
    place = random.Random(artefact).randrange(len(whole))
    file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    Project(known.root).repro(consumer)
    assert file.read_bytes() == whole
    assert tree(known.root, known.stages[consumer]) == known.outs[consumer]


def test_of_two_at_once_the_second_says_who_is_in_its_way(known: Reference) -> None:
    first = in_the_work(known)
    second = dvc(known.root, "repro", "--force", "--single-item", "text_embeddings")
    output, _ = second.communicate(timeout=120)
    assert second.returncode not in (0, None)
    assert "Traceback" not in output
    assert str(first.pid) in output and "busy" in output, output
    finished(first)
    assert tree(known.root, known.stages["text_embeddings"]) == known.outs["text_embeddings"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_ends_with_what_to_run_and_goes_on(known: Reference, number: signal.Signals) -> None:
    process = in_the_work(known)
    os.killpg(process.pid, number)
    output, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "Traceback" not in output, output
    assert "interrupted; 'dvc repro' resumes from here" in output
    stage = known.root / ".pacl/locks/text_embeddings.lock"
    assert until(lambda: not Path(f"/proc/{stage.read_text()}").exists(), 30)
    assert not drafts(known.root)
    # by force: DVC would take the outs from its cache, where it has them, and nothing would go on
    Project(known.root).repro("--force", "--single-item", "text_embeddings", PACL_BATCH="8")
    assert not (known.root / ".pacl/scratch/text_embeddings").exists()
    assert tree(known.root, known.stages["text_embeddings"]) == known.outs["text_embeddings"]
