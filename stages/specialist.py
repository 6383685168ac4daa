"""What the stages of the three specialists share: from pretext sets to a model and its curves."""

import logging
from pathlib import Path
from typing import NamedTuple

from safetensors.torch import save_file

from pacl_core.files.hashing import file_sha256
from pacl_core.files.publish import published_folder
from pacl_core.methods.feng.examples import write_examples
from pacl_core.methods.feng.network import Machine
from pacl_core.methods.feng.run import CODE, SETS, train_specialist
from pacl_core.methods.feng.stored import stored_set
from pacl_core.models.backbones import load_backbone
from pacl_core.models.local_files import link_weights
from pacl_core.models.saved import save_model
from pacl_core.params.feng import FengParams
from pacl_core.params.models import BackboneParams
from pacl_core.runtime.scratch import code_sha256, scratch, versions
from pacl_core.runtime.settings import runtime
from pacl_core.training.curves import write_curves
from pacl_core.training.distributed import own_folder, world_of
from pacl_core.training.loop import Run

HEADS = "heads.safetensors"
LIBRARIES = ("numpy", "open_clip_torch", "pillow", "sacrebleu", "timm", "torch")


class Training(NamedTuple):
    """A training of the section `feng` by its name, and the backbone that it starts from."""

    name: str
    own: FengParams
    origin: BackboneParams


def train_part(training: Training, part: str, stage: Path) -> None:
    """Train st, ho or hp, as one of the processes that torchrun started, and publish model and curves.

    `stage`: the file of the stage.
    """
    (name, own, origin), machine = training, runtime()
    keys = sorted({SETS[task] for task in own.specialist(part).tasks})
    paths = {key: Path("data/pretext") / f"{getattr(own.sets, key)}.parquet" for key in keys}
    with world_of(machine.device) as world:
        if world.first:
            link_weights({"backbone": origin.weights})
        else:
            logging.getLogger("pacl").setLevel(logging.WARNING)
        backbone = load_backbone(origin)
        key = {
            "sets": {
                one: [file_sha256(file) for file in (path, path.with_suffix(".json"))]
                for one, path in paths.items()
            },
            "backbone": [origin.model_dump(), backbone.weights_sha256],
            "params": own.model_dump(mode="json", include=_KEYS[part]),
            "device": machine.device,
            "code": code_sha256(*CODE, stage, Path(__file__)),
            "libraries": versions(*LIBRARIES),
            "ranks": world.count,  # sums over another number of ranks have other last bits
        }
        world.agree("pretext sets, parameters, weights, code or libraries", key)
        with scratch(f"feng-{name}-{part}", key) as work:
            folder = own_folder(work, world)
            sets = {one: stored_set(path, folder) for one, path in paths.items()}
            run = Run(
                work,
                machine.checkpoint_minutes,
                f"feng.{name}.{part}",
                f"{part}: ",
                loggers=machine.loggers,
                name=f"feng-{name}-{part}",
            )
            trained = train_specialist(
                backbone, sets, own, part=part, run=run, machine=Machine(machine.workers, world)
            )
            if world.first:
                with published_folder(Path("training_feng") / f"{name}-{part}") as draft:
                    write_curves(draft, trained.history, work)
                    (draft / "examples").mkdir()
                    write_examples(draft / "examples", trained.method)
                with published_folder(Path("models") / f"{name}-{part}") as draft:
                    save_file(trained.heads, draft / HEADS)
                    about = trained.card | {"heads": {HEADS: file_sha256(draft / HEADS)}}
                    save_model(draft, backbone, about, projectors=None)
            world.wait()


# what a specialist depends on, of a training's section; the same keys are in dvc.yaml
_SHARED = {"init", "seed", "precision"}
_KEYS = {
    "st": {*_SHARED, "st", "color", "sr"},
    "ho": {*_SHARED, "ho", "jigsaw"},
    "hp": {*_SHARED, "hp", "caption"},
}
