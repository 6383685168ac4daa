"""One training run of PACL, from samples to what it leaves."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from pacl_core.files.vectors import Vectors
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.shards.read import Samples
from pacl_core.methods.pacl.training.method import make_pacl
from pacl_core.methods.pacl.training.rebuilt import kept
from pacl_core.models.backbones import Backbone
from pacl_core.training.checkpoint import History
from pacl_core.training.distributed import ALONE, World
from pacl_core.training.loop import Run, train
from pacl_core.training.pixels import ImageSource


@dataclass(frozen=True)
class Trained:
    """What a run leaves besides the backbone's weights.

    `projectors`: "image.weight" [dim, D_v], "text.weight" [dim, D_t]. `history`: metrics per epoch.
    `card`: a JSON value for the model card. `rebuilt`: examples of rebuilt positives, early and late.
    """

    projectors: dict[str, Tensor]
    history: History
    card: dict[str, object]
    rebuilt: dict[str, object]


@dataclass(frozen=True)
class Inputs:
    """`images` are the stored features of the untouched backbone, needed where projectors are warmed up."""

    samples: Samples
    backbone: Backbone
    images: Vectors | None = None


def train_pacl(
    inputs: Inputs, params: TrainParams, run: Run, *, workers: int, world: World = ALONE
) -> Trained:
    """Enhance `inputs.backbone.module` in place (paper 3.3) and return its projectors and curves.

    Resumes from `run.work` after a kill, as `training.loop.train`; `workers` threads decode. Raises
    `UserError` where there is nothing to train, or where a loss or gradient is not finite.
    """
    samples, backbone = inputs.samples, inputs.backbone
    with ThreadPoolExecutor(workers) as pool:
        images = ImageSource(samples.image, len(samples.sample_ids), backbone.preprocess, run.work, pool)
        method = make_pacl(samples, backbone, params, images=images, stored=inputs.images, world=world)
        history = train(method, params, run, world=world)
    card = {
        "params": params.model_dump(),
        "temperature": method.temperature(),
        "samples": method.sizes,
        "held_out": len(method.held),
        "left_out": dict(method.left_out),
        "steps": sum(len(method.batches(epoch)) for epoch in range(params.epochs)),
        "text_dim": int(samples.texts.shape[1]),
        "torch": torch.__version__,
    }
    return Trained(method.extras(), history, card, kept(run.work, len(method.shown)))
