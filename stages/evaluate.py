"""Evaluate a variant on a downstream data set: python -m stages.evaluate <dataset> <protocol> <variant>"""

import sys
from pathlib import Path

from pacl_core.artefacts.json_file import write_json
from pacl_core.errors import UserError, unknown
from pacl_core.evaluation.features import backbone_features
from pacl_core.evaluation.linear import Recipe
from pacl_core.evaluation.predictions import write_predictions
from pacl_core.evaluation.protocol import run_linear, task_figures
from pacl_core.evaluation.tasks import read_tasks
from pacl_core.models.saved import load_model
from pacl_core.params import Params
from pacl_core.runtime import runtime
from stages.run import run


def main(params: Params) -> None:
    dataset, protocol, variant = _arguments()
    if protocol != "linear":
        raise unknown("protocol", protocol, ["linear"])
    machine = runtime()
    pictures = Path(f"data/downstream/{dataset}.parquet")
    tasks = read_tasks(pictures.with_suffix(".json"))
    model = Path("models") / variant
    if not model.is_dir():
        raise UserError(f"{model}: no such variant; put a saved model there or edit evaluate.variants")
    recipe = Recipe(params.evaluate.head_lr, params.evaluate.epochs, params.evaluate.batch_size)

    features = backbone_features(load_model(model), pictures, machine.device, machine.batch, machine.workers)
    parts, figures, epochs = [], {}, {}
    for task in tasks:
        predictions, epochs[task.name] = run_linear(
            task, pictures, features, recipe, params.evaluate.seeds, machine.device
        )
        parts += predictions
        test = next(part for part in predictions if part.split == "test")
        figures[task.name] = task_figures(task, test, params.evaluate.bootstrap)

    stem = f"{dataset}-{protocol}-{variant}"
    write_predictions(Path(f"evaluation/{stem}.parquet"), parts)
    summary = {"tasks": figures, "epochs": epochs, "test_items": len(test.item_ids)}
    write_json(Path(f"evaluation/{stem}.json"), summary)


def _arguments() -> list[str]:
    if len(sys.argv) != 4:
        raise UserError("usage: python -m stages.evaluate <dataset> <protocol> <variant>")
    return sys.argv[1:]


if __name__ == "__main__":
    run("evaluate", main)
