"""The linear protocol next to one pass of the bare backbone, the naive way, and scikit-learn: in one run.

python benchmarks/evaluate.py [--items 3000] [--rounds 3] [--naive-epochs 1] [--timm resnet50.a1_in1k]

The data: OpenMoji drawings turned by 0, 90, 180 or 270 degrees, 256 pixels, JPEG; the task is to tell which.
Drawings, not their turns, are split 8:1:1. The backbone is that of params.yaml, or with --timm a network of
timm at 224 pixels with random weights, as fast as trained ones.

bare       the backbone alone, on every image, from tensors in memory: one pass
features   the features stage: model loaded, images decoded, encoded, published (resumable)
head       40 epochs of the paper's head, 5 seeds side by side, from published features, with predictions
one by one the same heads, a seed after the other
convex     the convex probe, every C of the grid, likewise
naive      what a linear probe without stored features costs: every epoch runs the backbone over train and
           val; `--naive-epochs` epochs are timed and multiplied up to 40, for one seed
sklearn    LogisticRegression on the same features: C = 1, then the C up to 1000 that is best on val (beyond,
           its solver takes thousands of steps)

Goal: features + head <= 1.2 x bare.
"""

import argparse
import contextlib
import hashlib
import io
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression

from pacl_core.corpus.openmoji.glyphs import read_glyphs, render
from pacl_core.datasets.features import read_features
from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.predictions import Outcome
from pacl_core.evaluation.protocols.downstream_data import DownstreamData
from pacl_core.evaluation.protocols.heads import Examples, head_loss, new_head
from pacl_core.evaluation.protocols.linear import fit_heads, run
from pacl_core.evaluation.protocols.probes import CS
from pacl_core.methods.params import load
from pacl_core.models.backbones import load_backbone
from pacl_core.models.frozen import pixel_features
from pacl_core.models.saved import save_model
from pacl_core.params.evaluation import LinearParams
from pacl_core.params.models import BackboneParams
from pacl_core.runtime.settings import runtime
from stages import features as features_stage

TURNS = ("upright", "left", "over", "right")
GRID = tuple(C for C in CS if C <= 1000)
TASK = Task("turn", "single_label", ("turn",), TURNS)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--naive-epochs", type=int, default=1)
    parser.add_argument("--timm")
    chosen = parser.parse_args()
    machine, params = runtime(), LinearParams()
    project = load("params.yaml")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        backbone = load_backbone(_untrained(chosen.timm, work) if chosen.timm else project.backbone)
        encode = pixel_features(backbone, machine.device)
        dataset, stored = work / "data/downstream/turns.parquet", work / "data/features/turns-initial"
        for place in (dataset.parent, work / "models/initial"):
            place.mkdir(parents=True)
        save_model(work / "models/initial", backbone, training=None, projectors=None)
        pq.write_table(_drawings(chosen.items), dataset, row_group_size=256)
        table = pq.read_table(dataset)
        jpegs = table["image"].to_pylist()
        pixels = np.stack([backbone.preprocess.pixels(_opened(jpeg)) for jpeg in jpegs])
        label, split = table["turn"].to_numpy(), np.array(table["split"].to_pylist())

        def bare() -> None:
            for start in range(0, len(pixels), machine.batch):
                encode(pixels[start : start + machine.batch])

        def features() -> None:
            with contextlib.chdir(work), mock.patch("sys.argv", ["features", "turns", "initial"]):
                features_stage.main(project)

        def probe(settings: LinearParams) -> Outcome:
            downstream = DownstreamData(dataset, read_features(stored, dataset))
            return run([TASK], downstream, settings, device=machine.device)[0]

        def examples(name: str) -> Examples:
            found = np.load(stored / "vectors.npy")[split == name]
            found /= np.linalg.norm(found, axis=1, keepdims=True)
            target = label[split == name].astype(np.float32)[:, None]
            return Examples(*(torch.from_numpy(part).to(machine.device) for part in (found, target)))

        def one_by_one() -> None:
            train, val = examples("train"), examples("val")
            for seed in range(params.seeds):
                fit_heads(TASK, train, val, params=params, seeds=(seed,))

        def naive() -> None:
            rows = np.flatnonzero(split != "test")
            head = new_head(TASK, backbone.dim, torch.zeros(1, 1, device=machine.device), seed=0)
            optimiser = torch.optim.AdamW(head.parameters(), lr=params.lr)
            for _ in range(chosen.naive_epochs):
                for start in range(0, len(rows), params.batch_size):
                    batch = rows[start : start + params.batch_size]
                    images = [backbone.preprocess.pixels(_opened(jpegs[row])) for row in batch]
                    vectors = torch.from_numpy(encode(np.stack(images))).to(machine.device)
                    target = torch.from_numpy(label[batch]).float()[:, None].to(machine.device)
                    outputs = head(torch.nn.functional.normalize(vectors))
                    optimiser.zero_grad()
                    torch.autograd.backward(head_loss(TASK)(outputs, target))
                    optimiser.step()

        accuracy: dict[str, float] = {}
        convex = LinearParams(probe="convex")
        work_of: dict[str, Callable[[], object]] = {
            "bare": bare,
            "features": features,
            "head": lambda: accuracy.update(head=_accuracy(probe(params))),
            "one by one": one_by_one,
            "convex": lambda: accuracy.update(convex=_accuracy(probe(convex))),
            "naive": naive,
        }
        parts: dict[str, Any] = {}

        def sklearn(grid: tuple[float, ...]) -> float:
            x = parts["x"]
            best = max(
                (
                    LogisticRegression(C=C, max_iter=5000).fit(x[split == "train"], label[split == "train"])
                    for C in grid
                ),
                key=lambda fitted: fitted.score(x[split == "val"], label[split == "val"]),
            )
            return float(best.score(x[split == "test"], label[split == "test"]))

        def unit() -> None:
            vectors = np.load(stored / "vectors.npy")
            parts["x"] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

        work_of["sklearn"] = lambda: (unit(), accuracy.update(sklearn=sklearn((1.0,))))
        work_of["sklearn, grid"] = lambda: (
            unit(),
            accuracy.update({"sklearn, grid": sklearn(GRID)}),
        )
        encode(pixels[: machine.batch])
        seconds = measure(work_of, chosen.rounds)

    seconds["naive"] *= params.epochs / chosen.naive_epochs
    seconds["features + head"] = seconds["features"] + seconds["head"]
    seconds["features + convex"] = seconds["features"] + seconds["convex"]
    print(f"{len(jpegs)} pictures, {machine.device}, {torch.get_num_threads()} threads")
    print(f"{'':18} {'seconds':>8} {'of bare':>8} {'accuracy':>9}")
    for name, value in seconds.items():
        found = f"{accuracy[name]:9.3f}" if name in accuracy else ""
        print(f"{name:18} {value:8.2f} {value / seconds['bare']:8.2f} {found}")
    ratio = seconds["naive"] / seconds["features + head"]
    print(f"naive, one seed (from {chosen.naive_epochs} epochs), over features + head, five: {ratio:.1f} x")
    print(f"sklearn, grid, over convex: {seconds['sklearn, grid'] / seconds['convex']:.1f} x")


def _untrained(name: str, folder: Path) -> BackboneParams:
    weights = folder / "untrained.safetensors"
    save_file(timm.create_model(name, pretrained=False).state_dict(), weights)
    return BackboneParams(kind="timm", name=name, weights=str(weights), image_size=224)


def _drawings(items: int) -> pa.Table:
    rows = [row for row, _ in zip(_turned(), range(items), strict=False)]
    names = ("item_id", "image", "pixel_hash", "split", "turn")
    return pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))


def _turned() -> Iterator[tuple[str, bytes, str, str, int]]:
    for place, glyph in enumerate(read_glyphs()):
        drawing = _opened(render(glyph.stem, 256))
        split = ("train",) * 8 + ("val", "test")
        for turn, name in enumerate(TURNS):
            stream = io.BytesIO()
            drawing.rotate(90 * turn).save(stream, "JPEG", quality=95)
            jpeg = stream.getvalue()
            yield f"{glyph.stem}-{name}", jpeg, hashlib.sha256(jpeg).hexdigest(), split[place % 10], turn


def _opened(image: bytes) -> Image.Image:
    return Image.open(io.BytesIO(image)).convert("RGB")


def _accuracy(outcome: Outcome) -> float:
    chosen = outcome.test.prediction.argmax(axis=2)
    return float((chosen == outcome.test.target[:, 0]).mean())


def measure(work_of: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each, all taking turns; what is short is run once before it counts."""
    seen: dict[str, list[float]] = {name: [] for name in work_of}
    for turn in range(rounds):
        for name, work in work_of.items():
            if turn == 0 and name in ("head", "convex"):
                work()  # the first time also loads code and grows pools
            started = time.perf_counter()
            work()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            seen[name].append(time.perf_counter() - started)
    return {name: statistics.median(times) for name, times in seen.items()}


if __name__ == "__main__":
    main()
