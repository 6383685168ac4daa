"""Shards to the enhanced backbone and its training curves."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from pacl_core.files.hashing import file_sha256
from pacl_core.files.json_csv import write_json
from pacl_core.files.publish import published_folder
from pacl_core.files.vectors import read_vectors
from pacl_core.methods.pacl.params import TrainParams
from pacl_core.methods.pacl.shards.read import Samples, read_shards
from pacl_core.methods.pacl.training.held_out import HeldOut
from pacl_core.methods.pacl.training.method import Inputs
from pacl_core.methods.pacl.training.run import train_pacl, training_key
from pacl_core.methods.params import Params
from pacl_core.models.backbones import load_backbone
from pacl_core.models.local_files import link_weights
from pacl_core.models.saved import save_model
from pacl_core.params.models import BackboneParams, TextEncoderParams
from pacl_core.runtime.scratch import scratch
from pacl_core.runtime.settings import runtime
from pacl_core.training.distributed import own_folder, world_of
from pacl_core.training.loop import Run
from pacl_core.training.meter import write_curves
from stages.run import run

SHARDS = Path("data/shards")


class Recipe(NamedTuple):
    """A division of the pairs other than that of the shards.

    `divide` chooses the pairs to train on from all of them; `key`: what decides its result; `card` is for
    the model card.
    """

    divide: Callable[[Samples], HeldOut]
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
            chosen = recipe.divide(samples) if recipe else None
            inputs = Inputs(samples, backbone, images, chosen)
            settings = Run(work, machine.checkpoint_minutes)
            trained = train_pacl(inputs, train, settings, workers=machine.workers, world=world)
            if world.first:
                card = trained.card | {"corpus": {"reader": reader, "pairs": len(samples.sample_ids)}}
                if recipe:
                    card |= {"recipe": dict(recipe.card)}
                with published_folder(outs.model) as draft:
                    encoder = text_encoder.model_dump()
                    save_model(draft, backbone, card, projectors=trained.projectors, text_encoder=encoder)
                with published_folder(outs.curves) as draft:
                    write_curves(draft, trained.history)
                    write_json(draft / "rebuilt_positives.json", trained.rebuilt)
            world.wait()


if __name__ == "__main__":
    run("train", main)
