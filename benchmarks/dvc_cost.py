"""DVC on a finished pipeline at 4,000 and 400,000 pairs: no-op repro, status, checkout after losing all outs.

python benchmarks/dvc_cost.py [--pairs 4000 400000] [--image-bytes 2000]
    [--link reflink,hardlink,symlink,copy]

The project's own DAG with all of its outs, written here, in as many files as the stages write them. An image
has `--image-bytes` (a real one of 256 pixels about 20,000); part files and shards shrink with it, so that
their number stays the real one. Goal: the same within 20 %. A checkout reaches that where DVC links outs to
its cache (`dvc config cache.type`, docs/scale.md); with `--link copy` it copies every byte. The sizes take
turns; seconds are the least of --rounds, "CPU" those of all threads, which a busy machine disturbs less.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from measured.process import Measured, measured

from pacl_core.corpus.pair_parts import PART_BYTES

ROOT = Path(__file__).parents[1]
IMAGE = 20_000  # bytes of a stored image of 256 pixels, about
DIM = {"image": 1280, "text": 384, "scorer": 384}  # of the embedded default
ROW = {"partition": 150, "scores/factual": 20, "scores/emotional": 20, "scores/anps": 80, "pseudo_labels": 12}
CHUNK = 1 << 20
COMMANDS = {"no-op repro": ("repro",), "status": ("status",), "checkout": ("checkout",)}


def dvc(folder: Path, *arguments: str) -> Measured:
    """Time of a DVC command, which must succeed."""
    return measured([sys.executable, "-m", "dvc", *arguments], folder, {"DVC_NO_ANALYTICS": "1"})


def outs_of(folder: Path) -> list[Path]:
    """All outs of the DAG; in a process of its own, where `dvc` is not this file."""
    code = "from dvc.repo import Repo; print(*(out.fs_path for out in Repo().index.outs), sep='\\n')"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    return [Path(line) for line in found.stdout.split()]


def write_project(folder: Path, link: str) -> None:
    """The project's tracked files as a git repository of its own, outs linked as asked."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, tracked.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for command in (("init", "-q"), ("add", "-A")):
        subprocess.run(["git", *command], cwd=folder, check=True)
    dvc(folder, "config", "--local", "cache.type", link)


def write_outs(folder: Path, outs: list[Path], pairs: int, image: int) -> tuple[int, int]:
    """Fill every out as the stages would at this number of pairs; returns how many files and bytes."""
    shards = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))["shards"]
    per_shard = min(shards["max_samples"], shards["max_megabytes"] * 1_000_000 // IMAGE)
    of_data = {f"{name}.parquet": [(None, pairs * row)] for name, row in ROW.items()}
    of_data["pairs"] = _files("part-{:05d}.parquet", pairs, PART_BYTES // IMAGE, image)
    of_data["shards"] = _files("weak/weak-{:05d}.tar", pairs, per_shard, image)
    for name, dim in DIM.items():
        of_data[f"embeddings/{name}"] = [("vectors.npy", pairs * dim * 4), ("ids.parquet", pairs * 12)]
    files = total = 0
    for out in outs:
        name = out.relative_to(folder / "data").as_posix() if out.is_relative_to(folder / "data") else ""
        for inner, size in of_data.get(name, [(None if out.suffix else "model.json", 0)]):
            _write(out / inner if inner else out, size)
            files, total = files + 1, total + size
    return files, total


def _files(name: str, pairs: int, pairs_a_file: int, image: int) -> list[tuple[str | None, int]]:
    starts = range(0, pairs, pairs_a_file)
    return [(name.format(n), min(pairs_a_file, pairs - at) * image) for n, at in enumerate(starts)]


def _write(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not size:
        path.write_text("{}\n", encoding="utf-8")  # DVC looks into metrics
        return
    with path.open("wb") as stream:
        for _ in range(size // CHUNK):
            stream.write(os.urandom(CHUNK))
        stream.write(os.urandom(size % CHUNK))


def prepare(folder: Path, pairs: int, image: int, link: str) -> tuple[list[Path], int, int]:
    """A finished pipeline; its outs, their files and bytes."""
    write_project(folder, link)
    outs = outs_of(folder)
    files, total = write_outs(folder, outs, pairs, image)
    dvc(folder, "commit", "-f")
    dvc(folder, "checkout", "--relink")
    return outs, files, total


def timed(folder: Path, outs: list[Path], name: str) -> Measured:
    """One command; before a checkout all outs are lost."""
    if name == "checkout":
        for out in outs:
            shutil.rmtree(out) if out.is_dir() else out.unlink()
    done = dvc(folder, *COMMANDS[name])
    if name != "checkout" and "up to date" not in done.output:
        raise RuntimeError(f"dvc {name} found something to do:\n{done.output}")
    return done


def table(sizes: list[int], image: int, link: str, rounds: int) -> None:
    """Least seconds of each command at each size, the sizes in turn, as ratios over the first."""
    print(f"\ncache.type = {link}\n\n| pairs | files | GB | {', s | '.join(COMMANDS)}, s |")
    print("|---" * (3 + len(COMMANDS)) + "|", flush=True)
    with tempfile.TemporaryDirectory() as root:
        folders = [Path(root) / str(pairs) for pairs in sizes]
        projects = [prepare(f, pairs, image, link) for f, pairs in zip(folders, sizes, strict=True)]
        found: dict[tuple[int, str], list[Measured]] = {}
        for _ in range(rounds):
            for name in COMMANDS:
                for size, folder, (outs, _, _) in zip(sizes, folders, projects, strict=True):
                    found.setdefault((size, name), []).append(timed(folder, outs, name))
        for size, (_, files, total) in zip(sizes, projects, strict=True):
            cells = [_against(found[size, name], found[sizes[0], name]) for name in COMMANDS]
            print(f"| {size:,} | {files} | {total / 1e9:.2f} | {' | '.join(cells)} |", flush=True)


def _against(runs: list[Measured], first: list[Measured]) -> str:
    seconds, cpu = min(run.seconds for run in runs), min(run.cpu for run in runs)
    ratios = seconds / min(run.seconds for run in first), cpu / min(run.cpu for run in first)
    return f"{seconds:.2f} ({ratios[0]:.2f} x), CPU {cpu:.2f} ({ratios[1]:.2f} x)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, nargs="+", default=[4_000, 400_000])
    parser.add_argument("--image-bytes", type=int, default=2_000)
    parser.add_argument("--link", nargs="+", default=["reflink,hardlink,symlink,copy"])
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    for link in asked.link:
        table(asked.pairs, asked.image_bytes, link, asked.rounds)


if __name__ == "__main__":
    main()
