"""Shards to the enhanced backbone and its training curves."""

import logging
from pathlib import Path

from pacl_core.files.hashing import file_sha256
from pacl_core.files.json_csv import write_json
from pacl_core.files.publish import published_folder
from pacl_core.files.vectors import read_vectors
from pacl_core.methods.pacl.shards.read import read_shards
from pacl_core.methods.pacl.training.run import Inputs, train_pacl, training_key
from pacl_core.methods.params import Params
from pacl_core.models.backbones import load_backbone
from pacl_core.models.local_files import link_weights
from pacl_core.models.saved import save_model
from pacl_core.runtime.scratch import scratch
from pacl_core.runtime.settings import runtime
from pacl_core.training.distributed import own_folder, world_of
from pacl_core.training.loop import Run
from pacl_core.training.meter import write_curves
from stages.run import run

SHARDS = Path("data/shards")


def main(params: Params) -> None:
    machine = runtime()
    with world_of(machine.device) as world:
        if world.first:
            link_weights({"backbone": params.backbone.weights})
        else:
            logging.getLogger("pacl").setLevel(logging.WARNING)
        backbone = load_backbone(params.backbone)
        # only the warm-up of the projectors looks at stored features
        images = read_vectors(Path("data/embeddings/image")) if params.train.projector_warmup_steps else None
        key = training_key(SHARDS, backbone, images, params=params.train, device=machine.device)
        key["stage"] = file_sha256(Path(__file__))
        key["ranks"] = world.count  # sums over another number of ranks have other last bits
        world.agree("shards, parameters, weights, code or libraries", key)
        with scratch("train", key) as work:
            samples = read_shards(SHARDS, own_folder(work, world))
            inputs = Inputs(samples, backbone, images)
            settings = Run(work, machine.checkpoint_minutes)
            trained = train_pacl(inputs, params.train, settings, workers=machine.workers, world=world)
            if world.first:
                with published_folder(Path("models/pacl")) as draft:
                    encoder = params.text_encoder.model_dump()
                    corpus = {"reader": params.pairs.reader, "pairs": len(samples.sample_ids)}
                    card = trained.card | {"corpus": corpus}
                    save_model(draft, backbone, card, projectors=trained.projectors, text_encoder=encoder)
                with published_folder(Path("training")) as draft:
                    write_curves(draft, trained.history)
                    write_json(draft / "rebuilt_positives.json", trained.rebuilt)
            world.wait()


if __name__ == "__main__":
    run("train", main)
