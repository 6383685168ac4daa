"""k-means of the pseudo-labels next to scikit-learn's KMeans and MiniBatchKMeans: time, inertia, memory.

python benchmarks/kmeans.py [--rows 200000] [--dim 512] [--k 2 25] [--data clustered noise]
Goals at 1,000,000 x 512 (--rows 1000000; 12 GB of memory, for scikit-learn's sake): at least 5 x faster at an
inertia at most 1 % worse, and memory that the rows do not decide. Every contender starts at an .npy file of
unit vectors in a process of its own, with its defaults (ours: params.yaml), and ends with all labels. The
inertia is that of its centres over all rows, computed by one function for all. Seconds: the best of --repeat.
"CPU s": time of all threads; on a busy machine it says more than the clock, best with --threads 1.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from measured.process import measured

BLOCK = 65_536
CONTENDERS = ("pacl", "KMeans", "MiniBatchKMeans")
TRUE_CLUSTERS = 30  # more than any k asked, so that no k is the easy one


def write_vectors(path: Path, rows: int, dim: int, data: str) -> None:
    """Unit vectors: uniform noise, or round clusters of unequal size that overlap."""
    rng = np.random.default_rng(0)
    vectors = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(rows, dim))
    centres = rng.standard_normal((TRUE_CLUSTERS, dim), dtype=np.float32)
    shares = rng.dirichlet(np.full(TRUE_CLUSTERS, 2.0))
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        if data == "clustered":
            block = centres[rng.choice(TRUE_CLUSTERS, count, p=shares)]
            block = block + 1.5 * rng.standard_normal((count, dim), dtype=np.float32)
        else:
            block = rng.random((count, dim), dtype=np.float32)
        vectors[start : start + count] = block / np.linalg.norm(block, axis=1, keepdims=True)
    vectors.flush()


def inertia(vectors: np.ndarray, centres: np.ndarray) -> float:
    """Mean squared distance of every row to its nearest centre."""
    total = 0.0
    for start in range(0, len(vectors), BLOCK):
        block = np.asarray(vectors[start : start + BLOCK])
        squared = (block**2).sum(1)[:, None] - 2 * block @ centres.T + (centres**2).sum(1)
        total += float(squared.min(1).sum(dtype=np.float64))
    return total / len(vectors)


def contend(name: str, path: Path, k: int, out: Path) -> None:
    """Cluster the file and save the centres; prints the seconds from the file to all labels."""
    if name == "pacl":
        from pacl_core.methods.pacl.params import PseudoLabelsParams
        from pacl_core.methods.pacl.pseudo_labels.clustering import cluster

        written = yaml.safe_load((Path(__file__).parents[1] / "params.yaml").read_text(encoding="utf-8"))
        params = PseudoLabelsParams.model_validate(written["pseudo_labels"] | {"k": k})
        started, used = time.perf_counter(), time.process_time()
        with tempfile.TemporaryDirectory() as scratch:
            found: Any = cluster(np.load(path, mmap_mode="r"), params, "vectors", folder=Path(scratch))
        centres = found.centres
    else:
        import sklearn.cluster

        started, used = time.perf_counter(), time.process_time()
        found = getattr(sklearn.cluster, name)(k, random_state=0).fit(np.load(path, mmap_mode="r"))
        centres = found.cluster_centers_
    seconds = time.perf_counter() - started, time.process_time() - used
    np.save(out, np.asarray(centres, np.float32))
    print(json.dumps(seconds))


def table(path: Path, k: int, title: str, asked: argparse.Namespace) -> None:
    """One row a contender; times and inertias also as ratios over ours."""
    print(f"\n{title}, k = {k}")
    print("| | s | x ours | CPU s | x ours | inertia | against ours | peak memory, MB | anonymous, MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    ours: tuple[float, float, float] | None = None
    vectors = np.load(path, mmap_mode="r")
    threads = {"OMP_NUM_THREADS": str(asked.threads)} if asked.threads else {}
    for name in asked.contenders:
        out = path.with_name("centres.npy")
        command = [sys.executable, __file__, "--contender", name, str(path), str(k), str(out)]
        runs = [measured(command, environ=threads) for _ in range(asked.repeat)]
        seconds, used = map(min, zip(*(json.loads(run.output.splitlines()[-1]) for run in runs), strict=True))
        found = inertia(vectors, np.load(out))
        ours = ours or (seconds, used, found)
        print(
            f"| {name} | {seconds:.2f} | {seconds / ours[0]:.1f} | {used:.2f} | {used / ours[1]:.1f} "
            f"| {found:.6f} | {found / ours[2] - 1:+.2%} "
            f"| {max(run.rss for run in runs) / 1e6:.0f} | {max(run.anonymous for run in runs) / 1e6:.0f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--k", type=int, nargs="+", default=[2, 25])
    parser.add_argument("--data", nargs="+", default=["clustered", "noise"], choices=["clustered", "noise"])
    parser.add_argument("--contenders", nargs="+", default=CONTENDERS, choices=CONTENDERS)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0, help="of every contender; 0: as many as it likes")
    asked = parser.parse_args()
    for data in asked.data:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "vectors.npy"
            write_vectors(path, asked.rows, asked.dim, data)
            for k in asked.k:
                table(path, k, f"{data}, {asked.rows:,} x {asked.dim}", asked)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--contender"]:
        contend(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
    else:
        main()
