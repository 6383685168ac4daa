"""Encoding on a real Ray cluster of two nodes: the bytes of the local engine, whichever process is lost."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from PIL import Image

from tests.paths import ROOT
from tests.tiny_checkpoints import write_tiny_open_clip, write_tiny_roberta, write_tiny_timm_resnet

ray = pytest.importorskip("ray")
from ray.cluster_utils import Cluster  # noqa: E402

OUTS = {
    "image_embeddings": ("data/embeddings/image",),
    "factual_scores": ("data/scores/factual.parquet", "data/embeddings/scorer"),
    "anps": ("data/scores/anps.parquet",),
    "emotional_scores": ("data/scores/emotional.parquet",),
    "text_embeddings": ("data/embeddings/text",),
}
FILES = 12


def write_pairs(folder: Path) -> None:
    """Twelve files of fifty pairs; texts and images repeat across files."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for part in range(FILES):
        rows: dict[str, list[Any]] = {"sample_id": [], "text": [], "image": [], "pixel_hash": []}
        for number in range(part * 50, part * 50 + 50):
            stream = BytesIO()
            Image.fromarray(rng.integers(0, 255, (24, 32, 3), np.uint8)).save(stream, "JPEG")
            rows["sample_id"].append(f"post{number}")
            rows["text"].append(f"text {number % 400} {'more ' * (number % 7)}" if number % 50 else "")
            rows["image"].append(stream.getvalue())
            rows["pixel_hash"].append(f"hash{number % 570}")
        pl.DataFrame(rows).write_parquet(folder / f"part-{part:05}.parquet", row_group_size=16)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with pairs and tiny models."""
    root = tmp_path_factory.mktemp("project")
    write_pairs(root / "data/pairs")
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    tree["factual_scores"]["scorer"] |= write_tiny_open_clip(root / "weights/clip")
    tree["text_encoder"] |= write_tiny_roberta(root / "weights/roberta")
    tree["emotional_scores"]["text_encoder"] |= write_tiny_roberta(root / "weights/roberta")
    tree["backbone"] |= write_tiny_timm_resnet(root / "weights/resnet")
    phrases = root / "anps.txt"
    phrases.write_text("\n".join(f"happy thing{n}" for n in range(50)))
    tree["anps"] |= {"path": str(phrases)}
    (root / "params.yaml").write_text(yaml.safe_dump(tree))
    return root


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Two nodes of two CPUs each, as Ray starts them: processes of their own."""
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    nodes.add_node(num_cpus=2)
    nodes.wait_for_nodes()
    yield nodes
    nodes.shutdown()


def start(project: Path, stage: str, **environment: str) -> subprocess.Popen[str]:
    env = os.environ | {"PYTHONPATH": str(ROOT), "PACL_DEVICE": "cpu", "PACL_BATCH": "4"} | environment
    return subprocess.Popen(
        (sys.executable, "-m", f"stages.{stage}"), cwd=project, env=env, stderr=subprocess.PIPE, text=True
    )


def run(project: Path, stage: str, **environment: str) -> str:
    process = start(project, stage, **environment)
    _, output = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def bytes_of(project: Path, stage: str) -> dict[str, bytes]:
    files = [
        file
        for out in OUTS[stage]
        for file in ([project / out] if (project / out).is_file() else sorted((project / out).iterdir()))
    ]
    return {str(file): file.read_bytes() for file in files}


def kill_when(process: subprocess.Popen[str], folder: Path, blocks: int, kill: Callable[[], Any]) -> None:
    """Call `kill` as soon as some blocks are finished, in mid-run."""
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and process.poll() is None:
        if len(list(folder.rglob("[0-9]*.npy"))) >= blocks:
            kill()
            return
        time.sleep(0.01)
    pytest.fail(f"the stage ended too early: {process.communicate()[1]}")


def test_a_node_lost_in_mid_run_changes_no_byte(project: Path, cluster: Cluster) -> None:
    run(project, "image_embeddings")
    local = bytes_of(project, "image_embeddings")
    shutil.rmtree(project / "data/embeddings")

    scratch = project / ".pacl/scratch/image_embeddings"
    process = start(project, "image_embeddings", RAY_ADDRESS=cluster.address, PACL_ENGINE="ray")
    kill_when(process, scratch, 1, lambda: cluster.remove_node(cluster.worker_nodes.copy().pop()))
    _, output = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert "a worker was lost" in output
    assert bytes_of(project, "image_embeddings") == local
    assert not list(scratch.rglob("*"))


@pytest.mark.slow
def test_every_stage_gives_the_bytes_of_the_local_engine(project: Path, cluster: Cluster) -> None:
    for stage in OUTS:
        run(project, stage)
        local = bytes_of(project, stage)
        run(project, stage, RAY_ADDRESS=cluster.address, PACL_ENGINE="ray")
        assert bytes_of(project, stage) == local, stage


def ray_processes() -> set[int]:
    listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    names = ("raylet", "gcs_server", "ray::")
    return {int(line.split()[0]) for line in listed.splitlines() if any(name in line for name in names)}


def test_ctrl_c_leaves_no_ray_process_and_what_is_done_is_kept(project: Path) -> None:
    before = ray_processes()
    scratch = project / ".pacl/scratch/text_embeddings"
    process = start(project, "text_embeddings", PACL_ENGINE="ray", PACL_WORKERS="1", PACL_BATCH="1")
    kill_when(process, scratch, 1, lambda: process.send_signal(signal.SIGINT))
    _, output = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert output.endswith("text_embeddings: error: interrupted; 'dvc repro' resumes from here\n")
    deadline = time.monotonic() + 20
    while ray_processes() - before and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not ray_processes() - before
    assert "continuing after" in run(project, "text_embeddings", PACL_BATCH="1")
    assert not list(project.glob("*ray*"))


def test_an_error_in_a_worker_is_one_line(project: Path, tmp_path: Path) -> None:
    tree = yaml.safe_load((project / "params.yaml").read_text())
    tree["text_encoder"]["weights"] = "nowhere"
    shutil.copytree(project / "data/pairs", tmp_path / "data/pairs")
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    process = start(tmp_path, "text_embeddings", PACL_ENGINE="ray")
    _, output = process.communicate(timeout=100)
    assert process.returncode == 1
    assert "text_embeddings: error: weights 'nowhere': no such folder" in output
    assert "Traceback" not in output


def test_a_full_disk_names_the_block(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project / "data/pairs", tmp_path / "data/pairs")
    shutil.copy(project / "params.yaml", tmp_path)
    shutil.copytree(project / "weights", tmp_path / "weights")
    (tmp_path / ".pacl").mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", str(tmp_path / ".pacl"))
    if (done := subprocess.run(mount, capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"mount: {done.stderr.strip()}")
    try:
        process = start(tmp_path, "image_embeddings", PACL_ENGINE="ray")
        _, output = process.communicate(timeout=100)
    finally:
        subprocess.run(("umount", "-l", str(tmp_path / ".pacl")), check=True)
    assert process.returncode == 1
    line = output.splitlines()[-1]
    assert line.startswith("image_embeddings: error: .pacl/scratch/image_embeddings/"), output
    assert line.endswith(".npy: No space left on device") and "Traceback" not in output


def test_without_ray_it_says_what_to_install(project: Path, tmp_path: Path) -> None:
    (tmp_path / "ray.py").write_text("raise ImportError")
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    process = start(project, "text_embeddings", PACL_ENGINE="ray", PYTHONPATH=path)
    _, output = process.communicate(timeout=100)
    assert process.returncode == 1
    assert output == (
        "text_embeddings: error: PACL_ENGINE=ray: Ray is not installed; pip install -e '.[ray]'\n"
    )
