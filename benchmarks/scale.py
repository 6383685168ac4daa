"""Every stage but train at 1, 3 and 10 times the pairs: time, memory, and how both grow.

python benchmarks/scale.py [--pairs 500] [--rows 50000] [--clips 200] [--stages partition ...]

Three tables. In the first the whole pipeline runs on `--pairs` synthetic posts (noise images of 64 pixels, no
two alike) with tiny models, each stage as a process of its own. In the second the stages without a model run
on `--rows` stored pairs, whose artefacts are written here: there rows, not libraries, would fill the memory.
In the third the stages over clips run on `--clips` spans of videos, ten of each, with their boxes.

Memory is the peak of resident pages (as `ps` and a batch system count them), and that of the anonymous ones
among them; goal: at 10 x at most 1.15 x that at 1 x. "growth" is the slope of log CPU seconds over log pairs
beyond what the stage takes for 30 pairs (imports, loading a model): 1 is linear, "-" where that is under half
a second. pseudo_labels keeps a sample of 1,000 vectors here: that sample and one block are all of its memory.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from measured.artefacts import write_artefacts
from measured.clips import CLIPS, write_clips
from measured.corpus import write_folder
from measured.process import Measured, measured
from measured.small_models import write_clip, write_resnet

ROOT = Path(__file__).parents[1]
STEPS = (1, 3, 10)
NOTHING = 30  # pairs that add nothing to what every run costs
LEAKS = "leaks emoji_sentiment"
MODEL_STAGES = ("pairs", "factual_scores", "anps", "emotional_scores", "image_embeddings", "text_embeddings")
TABLE_STAGES = ("partition", "pseudo_labels", "shards", LEAKS, "report")


CLIP_STAGES = ("clips r", "sentiment r", "persons r", "selection s")


def params(models: Path, corpus: Path) -> dict[str, Any]:
    """The project's params.yaml, on a synthetic corpus and tiny models."""
    tree: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    clip = {"kind": "open_clip", "name": "small-clip", "weights": str(models / "clip"), "sha256": None}
    tree["pairs"] |= {"reader": "folder", "path": str(corpus), "image_size": 64}
    tree["factual_scores"]["scorer"] |= clip
    tree["text_encoder"] |= clip
    tree["backbone"] |= {
        "kind": "timm",
        "name": "test_resnet.r160_in1k",
        "weights": str(models / "resnet"),
        "image_size": 32,
    }
    tree["pseudo_labels"]["sample"] = 1000
    tree["shards"]["max_samples"] = 1000
    if (corpus / CLIPS).exists():
        tree["clips"] = {
            "r": {
                "reader": "clip_manifest",
                "path": str(corpus / CLIPS),
                "image_size": 64,
                "manifest": {"boxes": "boxes"},
            }
        }
        tree["backbone"] |= clip | {"image_size": None}
        tree["emotionclip"] = {"s": {"clips": "r", "filter": {"max_neutral": None, "min_seconds": 0}}}
    return tree


def project(folder: Path, models: Path) -> None:
    """A working directory for the stages: params.yaml, and what of `data/` they read from the project."""
    for name in ("corpora", "datasets", "ontology", "published"):
        shutil.copytree(ROOT / "data" / name, folder / "data" / name)
    written = yaml.safe_dump(params(models, folder / "corpus"), sort_keys=False)
    (folder / "params.yaml").write_text(written, encoding="utf-8")


def run(folder: Path, stage: str) -> Measured:
    """A stage in a process of its own, one thread a library: threads that wait would count as CPU time."""
    environ = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PACL_DEVICE": "cpu", "PACL_WORKERS": "2"}
    return measured([sys.executable, "-m", *f"stages.{stage}".split()], folder, environ)


def measure(
    stages: tuple[str, ...], pairs: int, prepare: Callable[[Path, int], None], models: Path
) -> list[dict[str, Measured]]:
    """Measurements by stage for 30 pairs, then 1, 3 and 10 times `pairs`."""
    found = []
    for count in (NOTHING, *(step * pairs for step in STEPS)):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            prepare(folder, count)
            project(folder, models)
            if LEAKS in stages:
                run(folder, "downstream emoji_sentiment")
            found.append({stage: run(folder, stage) for stage in stages})
        print(f"{count:,} pairs measured", file=sys.stderr, flush=True)
    return found


def print_table(title: str, stages: tuple[str, ...], found: list[dict[str, Measured]]) -> None:
    steps = " | ".join(f"{what}, {step} x" for what in ("CPU s", "MB") for step in STEPS)
    print(f"\n{title}\n\n| stage | {steps} | growth | memory, 10 x / 1 x | anonymous, 10 x / 1 x |")
    print("|---" * 10 + "|")
    for stage in stages:
        nothing, *runs = (one[stage] for one in found)
        cells = [f"{run.cpu:.1f}" for run in runs] + [f"{run.rss / 1e6:.0f}" for run in runs]
        anonymous = f"{runs[-1].anonymous / runs[0].anonymous:.2f}" if runs[0].anonymous else "-"
        ratios = [_growth(nothing, runs), f"{runs[-1].rss / runs[0].rss:.2f}", anonymous]
        print(f"| {stage.split()[0]} | {' | '.join(cells + ratios)} |")


def _growth(nothing: Measured, runs: list[Measured]) -> str:
    added = [run.cpu - nothing.cpu for run in runs]
    if added[0] <= 0 or added[-1] < 0.5:
        return "-"
    return f"{np.polyfit(np.log(STEPS), np.log(np.maximum(added, 1e-3)), 1)[0]:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=500, help="1 x of the first table; 0: leave it out")
    parser.add_argument("--rows", type=int, default=50_000, help="1 x of the second; 0: likewise")
    parser.add_argument("--clips", type=int, default=200, help="1 x of the third; 0: likewise")
    parser.add_argument("--stages", nargs="+", help="of the second table, only these")
    asked = parser.parse_args()
    tables = tuple(stage for stage in TABLE_STAGES if not asked.stages or stage.split()[0] in asked.stages)
    with tempfile.TemporaryDirectory() as name:
        models = Path(name)
        write_clip(models / "clip")
        write_resnet(models / "resnet")
        if asked.pairs:
            stages = MODEL_STAGES + TABLE_STAGES
            found = measure(stages, asked.pairs, lambda f, n: write_folder(f / "corpus", n, 64), models)
            print_table(f"All stages, 1 x = {asked.pairs:,} pairs", stages, found)
        if asked.rows:
            found = measure(tables, asked.rows, lambda f, n: write_artefacts(f / "data", n), models)
            print_table(f"Stages without a model, 1 x = {asked.rows:,} pairs", tables, found)
        if asked.clips:
            found = measure(CLIP_STAGES, asked.clips, lambda f, n: write_clips(f / "corpus", n), models)
            print_table(f"Stages over clips, 1 x = {asked.clips:,} clips", CLIP_STAGES, found)


if __name__ == "__main__":
    sys.exit(main())
