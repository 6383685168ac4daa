"""Metrics of stored predictions, with intervals: python -m stages.measure <dataset> <protocol> <variant>"""

import sys
from pathlib import Path

from pacl_core.datasets.task_data import training_targets
from pacl_core.datasets.tasks import Task
from pacl_core.errors import UserError
from pacl_core.evaluation.metrics.summary import summarise
from pacl_core.evaluation.predictions import Outcome, read_predictions
from pacl_core.evaluation.summary_file import read_summary
from pacl_core.files.json_csv import write_json
from pacl_core.methods.params import Params
from stages.run import run

EVALUATION = Path("evaluation")


def main(params: Params) -> None:
    if len(sys.argv) != 4:
        raise UserError("usage: python -m stages.measure <dataset> <protocol> <variant>")
    stem = "-".join(sys.argv[1:])
    evaluated = read_summary(EVALUATION / f"{stem}.chosen.json")
    predictions = EVALUATION / f"{stem}.parquet"
    outcomes = [
        Outcome(Task.from_json(one["task"]), [read_predictions(predictions, name, "test")], one["chosen"])
        for name, one in evaluated["tasks"].items()
    ]
    dataset = Path(f"data/downstream/{sys.argv[1]}.parquet")
    learnt = {one.task.name: training_targets(one.task, dataset, one.test.item_ids) for one in outcomes}
    tasks = summarise(outcomes, params.evaluate.bootstrap, learnt)
    write_json(EVALUATION / f"{stem}.json", evaluated | {"tasks": tasks})


if __name__ == "__main__":
    run("measure", main)
