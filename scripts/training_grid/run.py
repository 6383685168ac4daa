"""Trains the cells of a grid in several processes and judges each by a ridge probe in cross-validation."""

import json
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold

from pacl_core.files.vectors import Vectors
from pacl_core.methods.pacl.division import divided
from pacl_core.methods.pacl.partitions import PARTITIONS
from pacl_core.methods.pacl.shards.read import Hashes, Samples
from pacl_core.methods.pacl.training.held_out import HeldOut
from pacl_core.methods.pacl.training.method import Inputs
from pacl_core.methods.pacl.training.run import train_pacl
from pacl_core.models.backbones import Backbone, load_backbone
from pacl_core.models.frozen import pixel_features
from pacl_core.params.models import BackboneParams
from pacl_core.runtime.settings import repeatable_products
from pacl_core.training.distributed import World
from pacl_core.training.loop import Run
from scripts.training_grid.cells import Cell, params_of

ALPHAS = np.logspace(-4, 3, 15)  # features have unit length, as under evaluate.linear
FOLDS = 5
BATCH = 256


@dataclass(frozen=True)
class Prepared:
    """A folder of `prepare`, read; `backbone_params` may name weights elsewhere."""

    folder: Path
    device: str
    weights: str | None = None
    image_size: int | None = None

    @property
    def about(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "params.json").read_text()))

    def backbone(self) -> Backbone:
        chosen = {"weights": self.weights, "image_size": self.image_size}
        own = {name: value for name, value in chosen.items() if value}
        return load_backbone(BackboneParams.model_validate(self.about["backbone"] | own))

    def samples(self, encoder: str, k: int) -> Samples:
        pairs, labels = np.load(self.folder / "pairs.npz"), np.load(self.folder / "labels.npz")
        count = len(pairs["places"])
        ends = np.cumsum(pairs["sizes"]).tolist()
        rows = {
            name: range(end - int(size), end)
            for name, end, size in zip(PARTITIONS, ends, pairs["sizes"], strict=True)
        }
        unread = np.arange(count, dtype=np.uint64)
        return Samples(
            [str(row) for row in range(count)],
            rows,
            labels[f"image-{k}"],
            labels[f"{encoder}-{k}"],
            np.load(self.folder / f"texts-{encoder}.npy"),
            [self.folder / "pairs.bin"],
            pairs["places"],
            Hashes(unread, unread, unread),
        )

    def divided(self, cell: Cell, seed: int) -> HeldOut:
        """All pairs, or the first `cell.pairs` of a seeded order, by the cell's partition; none held out."""
        pairs = np.load(self.folder / "pairs.npz")
        ends, count = np.cumsum(pairs["sizes"]), len(pairs["places"])
        taken = np.sort(np.random.default_rng(0).permutation(count)[: cell.pairs])
        estimated = np.searchsorted(ends, taken, side="right")
        rows = {name: taken[estimated == place] for place, name in enumerate(PARTITIONS)}
        rows = divided(rows, cell.partition, seed=seed, recorded=lambda: pairs["recorded"])
        return HeldOut(rows, np.empty(0, np.int64), dict.fromkeys(PARTITIONS, 0))


def run_cell(prepared: Prepared, cell: Cell | None, out: Path) -> None:
    """Train a cell and write `<out>/<its name and seed>.json` and `.npy`; None: the untouched backbone."""
    torch.set_num_threads(1)
    repeatable_products()
    started = time.monotonic()
    backbone = prepared.backbone()
    row: dict[str, Any] = {"cell": "initial", "seed": 0}
    if cell:
        params = params_of(cell, prepared.about["train"])
        chosen = prepared.divided(cell, params.seed)
        inputs = Inputs(prepared.samples(cell.encoder, cell.k), backbone, _stored(prepared), chosen)
        with TemporaryDirectory() as work:
            run = Run(Path(work), 60)
            trained = train_pacl(inputs, params, run, workers=3, world=World(device=prepared.device))
        losses = {name: value for name, value in trained.history[-1].items() if name.startswith("loss")}
        row = {"cell": cell.name, "seed": params.seed, "losses": losses, **trained.card, "params": None}
    row |= judged(prepared, backbone)
    _write_row(out, row_name(cell), row | {"seconds": time.monotonic() - started})


def row_name(cell: Cell | None) -> str:
    """The stem of a training's files."""
    if cell is None:
        return "initial"
    return f"{cell.name} seed={cell.train['seed']}".replace(" ", "_")


def _write_row(out: Path, stem: str, row: dict[str, Any]) -> None:
    predicted = row.pop("predicted")
    np.save(out / f"{stem}.npy", predicted.astype(np.float32))
    (out / f"{stem}.json").write_text(json.dumps(row, default=float))
    shown = " ".join(f"{key} {value:.3f}" for key, value in row.items() if key.startswith(("r2", "same")))
    print(f"{row['cell']} seed {row['seed']}: {shown} ({row['seconds']:.0f} s)", flush=True)


def judged(prepared: Prepared, backbone: Backbone) -> dict[str, Any]:
    """R2 of each target by ridge, and predictions [N, targets] out of fold.

    `<target>`: items in random folds. `<target>_unseen`: no group is in two folds, so what a head knows of a
    group, as of a face, does not help it.
    """
    items = np.load(prepared.folder / "items.npz")
    features = _features(backbone, prepared.folder / "items.bin", items["places"], prepared.device)
    features = features.astype(np.float64) / np.linalg.norm(features, axis=1, keepdims=True)
    about = prepared.about
    found: dict[str, NDArray[np.float64]] = {}
    for name in about["columns"]:
        target = items[name].astype(np.float64)
        found[name] = out_of_fold(features, target, _folds(len(target), None))
        if about["group"]:
            found[f"{name}_unseen"] = out_of_fold(
                features, target, _folds(len(target), items[about["group"]])
            )
    scores = {f"r2_{name}": _r2(items[name.removesuffix("_unseen")], one) for name, one in found.items()}
    return {"predicted": np.stack(list(found.values()), axis=1), "targets": list(found), **scores}


Folds = list[tuple[NDArray[np.int64], NDArray[np.int64]]]


def _folds(count: int, groups: NDArray[Any] | None) -> Folds:
    rows = np.empty(count)
    if groups is None:
        return list(KFold(FOLDS, shuffle=True, random_state=0).split(rows))
    return list(GroupKFold(FOLDS).split(rows, groups=groups))


def out_of_fold(
    features: NDArray[np.float64], target: NDArray[np.float64], folds: Folds
) -> NDArray[np.float64]:
    """[N]: predictions of a ridge that never saw the item, with the penalty that is best for other folds."""
    tried = np.empty((len(ALPHAS), len(target)))
    for rows, others in folds:
        mean, middle = features[rows].mean(axis=0), target[rows].mean()
        centred = features[rows] - mean
        variance, axes = np.linalg.eigh(centred.T @ centred)
        along = axes.T @ (centred.T @ (target[rows] - middle))
        outside = (features[others] - mean) @ axes
        for place, alpha in enumerate(ALPHAS):
            tried[place, others] = outside @ (along / (np.maximum(variance, 0) + alpha)) + middle
    errors = (tried - target) ** 2
    predicted = np.empty(len(target))
    for rows, others in folds:
        predicted[others] = tried[errors[:, rows].sum(axis=1).argmin(), others]
    return predicted


def _r2(target: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    return float(1 - ((target - predicted) ** 2).sum() / ((target - target.mean()) ** 2).sum())


@cache
def _stored(prepared: Prepared) -> Vectors:
    """Features of the untouched backbone, for the warm-up of the projectors."""
    pairs = np.load(prepared.folder / "pairs.npz")
    vectors = _features(prepared.backbone(), prepared.folder / "pairs.bin", pairs["places"], prepared.device)
    return Vectors(prepared.folder / "ids.parquet", vectors)


def _features(backbone: Backbone, file: Path, places: NDArray[np.int64], device: str) -> NDArray[np.float32]:
    features, pixels = pixel_features(backbone, device), _pixels(backbone, file, places)
    return np.concatenate([features(pixels[start : start + BATCH]) for start in range(0, len(pixels), BATCH)])


_DECODED: dict[Path, NDArray[np.uint8]] = {}


def _pixels(backbone: Backbone, file: Path, places: NDArray[np.int64]) -> NDArray[np.uint8]:
    if file not in _DECODED:
        unread = np.empty(0, np.uint64)
        labels = np.empty(0, np.int64)
        texts = np.empty((0, 0), np.float32)
        hashes = Hashes(unread, unread, unread)
        source = Samples(
            [str(row) for row in range(len(places))], {}, labels, labels, texts, [file], places, hashes
        )
        _DECODED[file] = np.stack(
            [backbone.preprocess.pixels(source.image(row)) for row in range(len(places))]
        )
    return _DECODED[file]
