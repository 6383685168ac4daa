"""Features of a variant's frozen backbone over a data set: python -m stages.features <dataset> <variant>"""

import sys
from pathlib import Path

from pacl_core.artefacts.code_hash import code_sha256, versions
from pacl_core.artefacts.hashing import file_sha256
from pacl_core.artefacts.json_file import read_json
from pacl_core.artefacts.scratch import scratch
from pacl_core.errors import UserError
from pacl_core.evaluation.features import write_features
from pacl_core.models.saved import CARD, WEIGHTS, load_model
from pacl_core.params import Params
from pacl_core.passes.backbone import picture_features
from pacl_core.passes.key import pass_key
from pacl_core.runtime import runtime
from stages.run import run


def main(params: Params) -> None:
    if len(sys.argv) != 3:
        raise UserError("usage: python -m stages.features <dataset> <variant>")
    dataset, variant = sys.argv[1:]
    pictures, model = Path(f"data/downstream/{dataset}.parquet"), Path("models") / variant
    if not model.is_dir():
        raise UserError(f"{model}: no such variant; put a saved model there or edit evaluate.variants")
    machine = runtime()
    backbone = load_model(model)
    weights = [read_json(model / CARD), file_sha256(model / WEIGHTS)]
    key = {
        "pass": pass_key(pictures, ("pixel_hash",), weights, machine.batch),
        "pictures": file_sha256(pictures),
        "device": machine.device,
        "code": code_sha256("corpus", "evaluation", "models", "passes", Path(__file__)),
        "libraries": versions("numpy", "open_clip_torch", "pillow", "timm", "torch"),
    }
    with scratch(f"features-{dataset}-{variant}", key) as folder:
        images = picture_features(pictures, backbone, machine, folder)
        write_features(Path(f"data/features/{dataset}-{variant}"), pictures, images)


if __name__ == "__main__":
    run("features", main)
