"""Shards to the enhanced backbone and its training curves, once for each of `train.seeds`."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pacl_core.files.hashing import file_sha256
from pacl_core.files.vectors import read_vectors
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.shards.read import Samples, read_shards
from pacl_core.methods.pacl.training.held_out import HeldOut, hold_out
from pacl_core.methods.pacl.training.method import Inputs
from pacl_core.methods.pacl.training.run import Trained, train_pacl, training_key
from pacl_core.methods.pacl.training.seeds import publish_seeds, train_seeds
from pacl_core.methods.params import Params
from pacl_core.models.backbones import Backbone, load_backbone
from pacl_core.models.local_files import link_weights
from pacl_core.params.models import BackboneParams, TextEncoderParams
from pacl_core.runtime.scratch import scratch
from pacl_core.runtime.settings import runtime
from pacl_core.training.distributed import own_folder, world_of
from pacl_core.training.loop import Run
from stages.run import run

SHARDS = Path("data/shards")


class Recipe(NamedTuple):
    """A division of the pairs other than that of the shards.

    `divide` chooses the pairs to train on from all of them, for a training seed; `key`: what decides its
    result; `card` is for the model card.
    """

    divide: Callable[[Samples, int], HeldOut]
    key: Mapping[str, object]
    card: Mapping[str, object]


class Outs(NamedTuple):
    """Where a training leaves its model and curves; `scratch` names the folder of its checkpoints."""

    scratch: str
    model: Path
    curves: Path


def main(params: Params) -> None:
    outs = Outs("train", Path("models/pacl"), Path("training"))
    enhance(params.backbone, params.text_encoder, params.train, reader=params.pairs.reader, outs=outs)


def enhance(
    initial: BackboneParams,
    text_encoder: TextEncoderParams,
    train: TrainParams,
    *,
    reader: str,
    outs: Outs,
    recipe: Recipe | None = None,
) -> None:
    """Train the backbone on the shards and publish it, as one of the processes that torchrun started.

    `reader`: of the corpus, for the model card.
    """
    machine = runtime()
    divide = recipe.divide if recipe else partial(_by_the_shards, train)
    with world_of(machine.device) as world:
        if world.first:
            link_weights({"backbone": initial.weights})
        else:
            logging.getLogger("pacl").setLevel(logging.WARNING)
        backbone = load_backbone(initial)
        # only the warm-up of the projectors looks at stored features
        images = read_vectors(Path("data/embeddings/image")) if train.projector_warmup_steps else None
        key = training_key(SHARDS, backbone, images, params=train, device=machine.device)
        key |= {"stage": file_sha256(Path(__file__))} | dict(recipe.key if recipe else {})
        key["ranks"] = world.count  # sums over another number of ranks have other last bits
        world.agree("shards, parameters, weights, code or libraries", key)
        with scratch(outs.scratch, key) as work:
            samples = read_shards(SHARDS, own_folder(work, world))
            card: dict[str, object] = {"corpus": {"reader": reader, "pairs": len(samples.sample_ids)}}
            card |= {"recipe": dict(recipe.card)} if recipe else {}

            settings = Run(work, machine.checkpoint_minutes, shared=work, loggers=machine.loggers)

            def training(seed: int, place: Path, label: str) -> tuple[Backbone, Trained]:
                own = backbone if seed == train.seed else load_backbone(initial)
                inputs = Inputs(samples, own, images, divide(samples, seed))
                name = outs.scratch if seed == train.seed else f"{outs.scratch}-seed-{seed}"
                own_run = replace(settings, work=place, label=label, name=name)
                params = train.model_copy(update={"seed": seed})
                return own, train_pacl(inputs, params, own_run, workers=machine.workers, world=world)

            encoder = text_encoder.model_dump()
            train_seeds(train.training_seeds, work, training, card=card, text_encoder=encoder, world=world)
            if world.first:
                publish_seeds(train.training_seeds, work, model=outs.model, curves=outs.curves)
            world.wait()


def _by_the_shards(train: TrainParams, samples: Samples, seed: int) -> HeldOut:
    """Whatever the training seed, the same pairs are held out."""
    return hold_out(samples, train.holdout, distance=train.holdout_distance, seed=train.seed)


if __name__ == "__main__":
    run("train", main)
