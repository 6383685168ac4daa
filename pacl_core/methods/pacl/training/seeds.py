"""Trainings that differ in their seed only, one after the other.

Each that is finished is kept in the scratch folder until all are, so a killed run repeats none. Their models
are then published as one folder: that of the first seed, as if it were alone, and the others inside it.
"""

import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pacl_core.files.json_csv import write_json
from pacl_core.files.publish import published_folder
from pacl_core.methods.pacl.training.run import Trained
from pacl_core.models.backbones import Backbone
from pacl_core.models.saved import SEEDS, save_model
from pacl_core.training.curves import write_curves
from pacl_core.training.distributed import World

log = logging.getLogger("pacl")

_MADE, _MODEL, _CURVES = "made", "model", "training"

# (seed, folder for unfinished work, how lines in the log begin) -> the enhanced backbone, and the rest
Train = Callable[[int, Path, str], tuple[Backbone, Trained]]


def train_seeds(
    seeds: Sequence[int],
    work: Path,
    train: Train,
    *,
    card: Mapping[str, Any],
    text_encoder: dict[str, Any],
    world: World,
) -> None:
    """Call `train` for each seed that is not finished, and keep its model and curves in a folder of `work`.

    The first seed works in `work` itself. `card` goes into every model card; `text_encoder` as in
    `save_model`.
    """
    for number, seed in enumerate(seeds, start=1):
        folder = _folder(work, seeds, seed)
        label = f"seed {seed}: " if len(seeds) > 1 else ""
        if (folder / _MADE).is_dir():
            log.info("%sfinished before", label)
            continue
        if label:
            log.info("training %d of %d, with seed %d", number, len(seeds), seed)
        folder.mkdir(parents=True, exist_ok=True)
        backbone, trained = train(seed, folder, label)
        if world.first:
            with published_folder(folder / _MADE) as draft:
                _write(draft, backbone, trained, work=folder, card=card, text_encoder=text_encoder)


def publish_seeds(seeds: Sequence[int], work: Path, *, model: Path, curves: Path) -> None:
    """Publish the first seed's `model` and `curves`; the others are `model`/seeds/<seed>, curves included."""
    first, *others = ((seed, _folder(work, seeds, seed) / _MADE) for seed in seeds)
    with published_folder(model) as draft:
        _link(first[1] / _MODEL, draft)
        for seed, made in others:
            _link(made / _MODEL, draft / SEEDS / str(seed))
            _link(made / _CURVES, draft / SEEDS / str(seed) / _CURVES)
    with published_folder(curves) as draft:
        _link(first[1] / _CURVES, draft)


def _link(made: Path, folder: Path) -> None:
    """The files under `made` also under `folder`; copied where the disk has no links."""
    for file in (path for path in made.rglob("*") if path.is_file()):
        target = folder / file.relative_to(made)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(file, target)
        except OSError:
            shutil.copyfile(file, target)


def _folder(work: Path, seeds: Sequence[int], seed: int) -> Path:
    return work if seed == seeds[0] else work / SEEDS / str(seed)


def _write(
    draft: Path,
    backbone: Backbone,
    trained: Trained,
    *,
    work: Path,
    card: Mapping[str, Any],
    text_encoder: dict[str, Any],
) -> None:
    for name in (_MODEL, _CURVES):
        (draft / name).mkdir()
    about = trained.card | dict(card)
    save_model(draft / _MODEL, backbone, about, projectors=trained.projectors, text_encoder=text_encoder)
    write_curves(draft / _CURVES, trained.history, work)
    write_json(draft / _CURVES / "rebuilt_positives.json", trained.rebuilt)
