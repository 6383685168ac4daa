"""Features of a variant's frozen backbone over a data set: python -m stages.features <dataset> <variant>

Of a variant that was trained several times, those of the others are in `seeds/<seed>/` of the folder. A
model of clips is told of all persons whom the detector of `persons` finds, where the data set marks nobody.
"""

import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from pacl_core.datasets.features import holds_clips, write_features
from pacl_core.encoding.engine import engine
from pacl_core.encoding.frames import encode_frames
from pacl_core.encoding.images import encode_clips, encode_images
from pacl_core.encoding.persons import marks_nobody, write_frame_boxes
from pacl_core.encoding.scratch_keys import encoding_key, input_key, machine_key
from pacl_core.encoding.subjects import encode_told, load_telling_encoder
from pacl_core.errors import UserError
from pacl_core.files.hashing import file_sha256
from pacl_core.files.publish import published_folder
from pacl_core.files.tables import row_count
from pacl_core.methods.params import Params
from pacl_core.models.local_files import link_weights
from pacl_core.models.persons import load_detector
from pacl_core.models.saved import knows_clips, load_frozen_model, trainings
from pacl_core.models.weights import weights_content
from pacl_core.runtime.scratch import code_sha256, scratch
from pacl_core.runtime.settings import runtime
from stages.run import run


def main(params: Params) -> None:
    if len(sys.argv) != 3:
        raise UserError("usage: python -m stages.features <dataset> <variant>")
    dataset, variant = sys.argv[1:]
    items, model = Path(f"data/downstream/{dataset}.parquet"), Path("models") / variant
    if not model.is_dir():
        raise UserError(f"{model}: no such variant; put a saved model there or edit evaluate.variants")
    clips, told = holds_clips(items), knows_clips(model)
    persons = params.persons
    link_weights({"persons": persons.weights})
    detects = told and clips and persons.kind == "torchvision" and marks_nobody(items)
    machine = runtime()
    key = {
        **input_key(items, ("frames_hash" if clips else "pixel_hash",)),
        **({"boxes": file_sha256(items)} if told else {}),
        **({"persons": encoding_key(items, ("item_id",), persons, machine=machine)} if detects else {}),
        "weights": weights_content(str(model)),
        **machine_key(machine),
        "stage": code_sha256("datasets/features.py", Path(__file__)),
    }
    load = load_telling_encoder if told else load_frozen_model
    encode = encode_told if told else encode_clips if clips else encode_images
    with scratch(f"features-{dataset}-{variant}", key) as work:
        if detects:
            boxes = work / "boxes.parquet"
            with engine(partial(load_detector, persons, machine.device), machine) as workers:
                write_frame_boxes(boxes, encode_frames(workers, items, work / "persons"), row_count(items))
            encode = partial(encode_told, boxes=boxes)
        images = {}
        for trained in trainings(model).values():
            place = trained.relative_to(model)
            with engine(partial(load, trained, machine.device), machine) as workers:
                images[place] = encode(workers, items, work / place / "images")
        folder = Path(f"data/features/{dataset}-{variant}")
        with published_folder(folder) if len(images) > 1 else nullcontext(folder) as draft:
            for place, encoded in images.items():
                write_features(draft / place, items, encoded)


if __name__ == "__main__":
    run("features", main)
