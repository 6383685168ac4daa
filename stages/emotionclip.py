"""Selected clips to a model of clips and its training curves: python -m stages.emotionclip <name>"""

import logging
from pathlib import Path

from pacl_core.files.hashing import file_sha256, marks_sha256
from pacl_core.files.publish import published_folder
from pacl_core.methods.emotionclip.run import CODE, train_emotionclip
from pacl_core.methods.emotionclip.stored import StoredTables, stored_clips
from pacl_core.methods.params import Params
from pacl_core.methods.untrained import with_weights
from pacl_core.models.local_files import link_weights
from pacl_core.models.open_clip_model import load_clip
from pacl_core.models.video_text import save_video_text
from pacl_core.runtime.scratch import code_sha256, scratch, versions
from pacl_core.runtime.settings import runtime
from pacl_core.training.curves import write_curves
from pacl_core.training.distributed import own_folder, world_of
from pacl_core.training.loop import Run
from stages.run import instance, run


def main(params: Params) -> None:
    """Train, as one of the processes that torchrun started, and publish model and curves."""
    name = instance("emotionclip", "emotionclip", params.emotionclip, what="training of EmotionCLIP")
    own, origin, machine = params.emotionclip[name], params.backbone, runtime()
    tables = StoredTables(
        Path("data/clips") / own.clips,
        Path(f"data/sentiment/{own.clips}.parquet"),
        Path(f"data/persons/{own.clips}.parquet"),
        Path(f"data/selection/{name}.parquet"),
    )
    with world_of(machine.device) as world:
        if world.first:
            link_weights({"backbone": origin.weights})
        else:
            logging.getLogger("pacl").setLevel(logging.WARNING)
        with with_weights(origin) as given:
            clip = load_clip(given.name, given.weights, given.sha256, image_size=given.image_size)
        key = {
            "clips": marks_sha256([tables.clips]),  # DVC tells changed files by the same marks
            "tables": [file_sha256(one) for one in (tables.sentiment, tables.persons, tables.selection)],
            "backbone": [origin.model_dump(), clip.weights_sha256],
            "params": own.model_dump(mode="json"),
            "device": machine.device,
            "code": code_sha256(*CODE, "methods/untrained.py", Path(__file__)),
            "libraries": versions("numpy", "open_clip_torch", "pillow", "torch"),
            "ranks": world.count,  # sums over another number of ranks have other last bits
        }
        world.agree("clips, parameters, weights, code or libraries", key)
        with scratch(f"emotionclip-{name}", key) as work:
            clips = stored_clips(tables, own_folder(work, world), box_score=own.filter.box_score)
            settings = Run(
                work,
                machine.checkpoint_minutes,
                f"emotionclip.{name}",
                loggers=machine.loggers,
                name=f"emotionclip-{name}",
            )
            trained = train_emotionclip(clip, clips, own, run=settings, workers=machine.workers, world=world)
            if world.first:
                with published_folder(Path("training_clips") / name) as draft:
                    write_curves(draft, trained.history, work)
                with published_folder(Path("models") / name) as draft:
                    about = trained.card | {"corpus": own.clips}
                    save_video_text(draft, trained.model, about, origin=origin)
            world.wait()


if __name__ == "__main__":
    run("emotionclip", main)
