"""One training run of PACL, from samples to projectors and curves, and its scratch key."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from pacl_core.errors import UserError
from pacl_core.files.hashing import file_sha256
from pacl_core.files.vectors import Vectors
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.training.method import Inputs, make_pacl
from pacl_core.methods.pacl.training.rebuilt import kept
from pacl_core.models.backbones import Backbone
from pacl_core.runtime.scratch import code_sha256, versions
from pacl_core.training.checkpoint import History
from pacl_core.training.distributed import ALONE, World
from pacl_core.training.loop import Run, train
from pacl_core.training.pixels import ImageSource

log = logging.getLogger("pacl")

CODE = (
    "media",
    "methods/pacl/objective",
    "methods/pacl/partitions.py",
    "methods/pacl/shards",
    "methods/pacl/training",
    "models",
    "runtime/threads.py",
    "training",
)


def training_key(
    shards: Path, backbone: Backbone, images: Vectors | None, *, params: TrainParams, device: str
) -> dict[str, object]:
    """The scratch key of a run; `images` are the stored features for the warm-up of the projectors."""
    index = shards / "index.json"
    if not index.is_file():
        raise UserError(f"{index}: missing; run the stage that writes it ('dvc repro shards')")
    return {
        "shards": file_sha256(index),  # it has the hash of every shard
        "images": [file_sha256(images.ids.with_name(name)) for name in ("ids.parquet", "vectors.npy")]
        if images
        else None,
        "backbone": [backbone.params.model_dump(), backbone.weights_sha256],
        "params": params.one_training(),
        "device": device,
        "code": code_sha256(*CODE),
        "libraries": versions("numpy", "open_clip_torch", "pillow", "timm", "torch", "webdataset"),
    }


@dataclass(frozen=True)
class Trained:
    """The results of a run besides the backbone's weights.

    `projectors`: "image.weight" [dim, D_v], "text.weight" [dim, D_t]. `history`: metrics per epoch.
    `card`: a JSON value for the model card. `rebuilt`: examples of rebuilt positives, early and late.
    """

    projectors: dict[str, Tensor]
    history: History
    card: dict[str, object]
    rebuilt: dict[str, object]


def train_pacl(
    inputs: Inputs, params: TrainParams, run: Run, *, workers: int, world: World = ALONE
) -> Trained:
    """Enhance `inputs.backbone.module` in place (paper 3.3) and return its projectors and curves.

    Resumes from `run.work` after a kill, as `training.loop.train`; `workers` threads decode. Raises
    `UserError` where there is nothing to train, or where a loss or gradient is not finite.
    """
    samples, backbone = inputs.samples, inputs.backbone
    with ThreadPoolExecutor(workers) as pool:
        images = ImageSource(
            samples.image, len(samples.sample_ids), backbone.preprocess, run.work, pool, run.shared
        )
        method = make_pacl(inputs, params, images=images, world=world)
        steps = sum(len(method.batches(epoch)) for epoch in range(params.epochs))
        log.info("%d steps, %d images through the backbone", steps, method.images_seen)
        history = train(method, params, run, world=world)
    if world.first:
        _warn_of_starved(history)
    card = {
        "params": params.one_training(),
        "temperature": method.temperature(),
        "samples": method.sizes,
        "held_out": len(method.held),
        "left_out": dict(method.left_out),
        "steps": steps,
        "images_seen": method.images_seen,
        "text_dim": int(samples.texts.shape[1]),
        "torch": torch.__version__,
    }
    return Trained(method.extras(), history, card, kept(run.work, len(method.shown)))


_MANY = 0.5  # share of anchors without a negative


def _warn_of_starved(history: History) -> None:
    """Anchors without a negative learn nothing, and a loss near 0 looks like success."""
    for name, share in sorted(history[-1].items()) if history else ():
        group, _, partition = name.partition("/")
        if group == "without_negatives" and share >= _MANY:
            log.warning(
                "%s: %.0f %% of its anchors have no negative and learn nothing; raise pseudo_labels.k or "
                "train.batch_size",
                partition,
                100 * share,
            )
