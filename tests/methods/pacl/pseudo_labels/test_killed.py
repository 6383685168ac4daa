"""Clustering killed with SIGKILL in mid-run and started again: the same table, byte for byte."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pacl_core.files.vectors import write_vectors
from pacl_core.methods.pacl.params import PseudoLabelsParams
from pacl_core.methods.pacl.pseudo_labels.clustering import clustering_key

ROWS = 20_000
# small blocks, so that there are many points at which to be killed
CHILD = """
import sys
from pathlib import Path
from pacl_core.files.vectors import read_vectors
from pacl_core.methods.pacl.params import PseudoLabelsParams
from pacl_core.methods.pacl.pseudo_labels import clustering
clustering.BLOCK = 50
from pacl_core.methods.pacl.pseudo_labels.clustering import write_pseudo_labels
root = Path(sys.argv[1])
images, params = read_vectors(root / "image"), PseudoLabelsParams(k=5, sample=2000)
found = [clustering.cluster(images.vectors, params, name, folder=root / "scratch" / name) for name in "ab"]
write_pseudo_labels(root / "labels.parquet", images.ids, found[0], emotional=found[1])
"""


def command(root: Path) -> list[str]:
    return [sys.executable, "-c", CHILD, str(root)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    vectors = np.random.default_rng(0).standard_normal((ROWS, 16)).astype(np.float32)
    ids = pl.DataFrame({"sample_id": [f"post-{row}" for row in range(ROWS)]})
    ids.write_parquet(tmp_path / "ids.parquet")
    write_vectors(
        tmp_path / "image", tmp_path / "ids.parquet", lambda start, stop: vectors[start:stop], dim=16
    )
    return tmp_path


def kill_after(root: Path, pieces: int) -> None:
    """Start, and kill once so many pieces lie in the scratch folder."""
    running = subprocess.Popen(command(root))
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and running.poll() is None:
        if len(list((root / "scratch").rglob("*.np[yz]"))) >= pieces:
            running.send_signal(signal.SIGKILL)
            break
        time.sleep(0.002)
    assert running.wait() == -signal.SIGKILL, "it ended before it could be killed"


def test_killed_again_and_again_it_ends_with_the_same_bytes(root: Path) -> None:
    subprocess.run(command(root), check=True)
    undisturbed = (root / "labels.parquet").read_bytes()
    (root / "labels.parquet").unlink()
    for piece in (root / "scratch").rglob("*.np[yz]"):
        piece.unlink()

    for pieces in (1, 100, 500):
        kill_after(root, pieces)
        assert not (root / "labels.parquet").exists()
    written = {piece: piece.stat().st_mtime_ns for piece in (root / "scratch").rglob("*.np[yz]")}
    subprocess.run(command(root), check=True)
    assert (root / "labels.parquet").read_bytes() == undisturbed
    kept = [piece for piece, when in written.items() if piece.stat().st_mtime_ns == when]
    assert len(kept) == len(written) >= 500


def test_the_key_changes_with_vectors_and_params(root: Path) -> None:
    first = clustering_key([root / "image"], PseudoLabelsParams(k=2))
    assert clustering_key([root / "image"], PseudoLabelsParams(k=2)) == first
    assert clustering_key([root / "image"], PseudoLabelsParams(k=3)) != first
    vectors = np.load(root / "image/vectors.npy")
    np.save(root / "image/vectors.npy", -vectors)
    assert clustering_key([root / "image"], PseudoLabelsParams(k=2)) != first
