"""Evaluate a variant on a downstream data set: python -m stages.evaluate <dataset> <protocol> <variant>"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pacl_core.artefacts.hashing import file_sha256
from pacl_core.artefacts.json_file import read_json, write_json
from pacl_core.artefacts.scratch import scratch
from pacl_core.errors import UserError, unknown
from pacl_core.evaluation.linear import Recipe
from pacl_core.evaluation.predictions import write_predictions
from pacl_core.evaluation.protocol import run_linear, task_figures
from pacl_core.evaluation.tasks import read_tasks
from pacl_core.models.inference import pixel_features
from pacl_core.models.saved import WEIGHTS, load_model
from pacl_core.params import Params
from pacl_core.passes.images import encode_images
from pacl_core.passes.key import pass_key
from pacl_core.runtime import runtime
from stages.run import run


def main(params: Params) -> None:
    dataset, protocol, variant = _arguments()
    if protocol != "linear":
        raise unknown("protocol", protocol, ["linear"])
    pictures = Path(f"data/downstream/{dataset}.parquet")
    tasks = read_tasks(pictures.with_suffix(".json"))
    model = Path("models") / variant
    if not model.is_dir():
        raise UserError(f"{model}: no such variant; put a saved model there or edit evaluate.variants")
    recipe = Recipe(params.evaluate.head_lr, params.evaluate.epochs, params.evaluate.batch_size)

    features = _features(model, pictures)
    parts, figures, epochs = [], {}, {}
    for task in tasks:
        predictions, epochs[task.name] = run_linear(
            task, pictures, features, recipe, params.evaluate.seeds, runtime().device
        )
        parts += predictions
        test = next(part for part in predictions if part.split == "test")
        figures[task.name] = task_figures(task, test, params.evaluate.bootstrap)

    stem = f"{dataset}-{protocol}-{variant}"
    write_predictions(Path(f"evaluation/{stem}.parquet"), parts)
    summary = {"tasks": figures, "epochs": epochs, "test_items": len(test.item_ids)}
    write_json(Path(f"evaluation/{stem}.json"), summary)


def _features(model: Path, pictures: Path) -> NDArray[np.float32]:
    """Features [N, D] of the frozen backbone in the order of the data set, each picture once."""
    machine = runtime()
    backbone = load_model(model)
    card = read_json(model / "model.json")
    key = pass_key(pictures, ("pixel_hash",), [card, file_sha256(model / WEIGHTS)], machine.batch)
    with scratch(f"evaluate-{pictures.stem}-{model.name}", key) as folder:
        images = encode_images(
            pictures,
            backbone.preprocess.pixels,
            pixel_features(backbone, machine.device),
            backbone.dim,
            machine.batch,
            machine.workers,
            folder,
            "images",
        )
        return images.block(0, len(images.index))


def _arguments() -> list[str]:
    if len(sys.argv) != 4:
        raise UserError("usage: python -m stages.evaluate <dataset> <protocol> <variant>")
    return sys.argv[1:]


if __name__ == "__main__":
    run("evaluate", main)
