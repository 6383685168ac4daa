"""Features of a variant's frozen backbone over a data set: python -m stages.features <dataset> <variant>

Of a variant that was trained several times, those of the others are in `seeds/<seed>/` of the folder.
"""

import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from pacl_core.datasets.features import write_features
from pacl_core.encoding.engine import engine
from pacl_core.encoding.images import encode_images
from pacl_core.encoding.scratch_keys import input_key, machine_key
from pacl_core.errors import UserError
from pacl_core.files.publish import published_folder
from pacl_core.methods.params import Params
from pacl_core.models.saved import load_frozen_model, trainings
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
    machine = runtime()
    key = {
        **input_key(items, ("pixel_hash",)),
        "weights": weights_content(str(model)),
        **machine_key(machine),
        "stage": code_sha256("datasets/features.py", Path(__file__)),
    }
    with scratch(f"features-{dataset}-{variant}", key) as work:
        images = {}
        for trained in trainings(model).values():
            place = trained.relative_to(model)
            with engine(partial(load_frozen_model, trained, machine.device), machine) as workers:
                images[place] = encode_images(workers, items, work / place / "images")
        folder = Path(f"data/features/{dataset}-{variant}")
        with published_folder(folder) if len(images) > 1 else nullcontext(folder) as draft:
            for place, encoded in images.items():
                write_features(draft / place, items, encoded)


if __name__ == "__main__":
    run("features", main)
