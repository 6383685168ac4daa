"""Three specialists to one backbone, without labels: python -m stages.amalgamate <training>"""

import logging
from pathlib import Path

from pacl_core.files.hashing import file_sha256
from pacl_core.files.json_csv import write_json
from pacl_core.files.publish import published_folder
from pacl_core.methods.feng.distil import distil
from pacl_core.methods.feng.network import Machine
from pacl_core.methods.feng.run import CODE, SPECIALISTS
from pacl_core.methods.feng.stored import stored_set
from pacl_core.methods.params import Params
from pacl_core.models.backbones import load_backbone
from pacl_core.models.local_files import link_weights
from pacl_core.models.saved import load_model, save_model
from pacl_core.models.weights import weights_content
from pacl_core.params.feng import distil_training
from pacl_core.runtime.scratch import code_sha256, scratch, versions
from pacl_core.runtime.settings import runtime
from pacl_core.training.curves import write_curves
from pacl_core.training.distributed import own_folder, world_of
from pacl_core.training.loop import Run
from stages.run import instance, run
from stages.specialist import LIBRARIES

MADE = "without labels, which is ours: feature terms of Eq. 4 on pretext images, specialists frozen"


def main(params: Params) -> None:
    """Train the student, as one of the processes that torchrun started; publish it with its specialists."""
    name = instance("amalgamate", "feng", params.feng, what="training of Feng et al.")
    own, origin, machine = params.feng[name], params.backbone, runtime()
    folders = {part: Path("models") / f"{name}-{part}" for part in SPECIALISTS}
    paths = [Path(f"data/pretext/{one}.parquet") for one in dict.fromkeys(dict(own.sets).values())]
    with world_of(machine.device) as world:
        if world.first:
            link_weights({"backbone": origin.weights})
        else:
            logging.getLogger("pacl").setLevel(logging.WARNING)
        specialists = {part: load_model(folder) for part, folder in folders.items()}
        student = load_model(folders["hp"]) if own.distil.student == "hp" else load_backbone(origin)
        training = distil_training(own) if own.distil.epochs else None
        key = {
            "sets": [file_sha256(path) for path in paths],
            "specialists": [weights_content(str(folder)) for folder in folders.values()],
            "student": student.weights_sha256,
            "params": [own.distil.model_dump(), training and training.model_dump()],
            "device": machine.device,
            "code": code_sha256(*CODE, Path(__file__)),
            "libraries": versions(*LIBRARIES),
            "ranks": world.count,
        }
        world.agree("pretext sets, specialists, parameters, code or libraries", key)
        with scratch(f"feng-{name}", key) as work:
            settings = Run(
                work,
                machine.checkpoint_minutes,
                f"feng.{name}.distil",
                "student: ",
                loggers=machine.loggers,
                name=f"feng-{name}",
            )
            folder = own_folder(work, world)
            sets = [stored_set(path, folder) for path in paths]
            history = distil(
                student,
                specialists,
                sets,
                params=training,
                run=settings,
                machine=Machine(machine.workers, world),
            )
            if world.first:
                with published_folder(Path("training_feng") / name) as draft:
                    write_curves(draft, history, work)
                    if not history:
                        (draft / "plots").mkdir(exist_ok=True)
                        write_json(draft / "metrics.json", {})
                card = {
                    "method": "feng",
                    "made": MADE,
                    "params": own.distil.model_dump() | {"seed": own.seed},
                    "figures": history[-1] if history else {},
                }
                with published_folder(Path("models") / name) as draft:
                    save_model(draft, student, card, projectors=None, specialists=specialists)
            world.wait()


if __name__ == "__main__":
    run("amalgamate", main)
