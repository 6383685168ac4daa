"""Put all evaluated variants side by side, with paired differences from the first."""

from pathlib import Path

import pyarrow as pa

from pacl_core.artefacts.csv_file import write_csv
from pacl_core.artefacts.json_file import write_json
from pacl_core.evaluation.comparison import compare, comparison_tree, headline_tree
from pacl_core.evaluation.tasks import read_tasks
from pacl_core.params import Params
from stages.run import run


def main(params: Params) -> None:
    variants = params.evaluate.variants
    rows, headline = [], {}
    for dataset in params.evaluate.datasets:
        tasks = read_tasks(Path(f"data/downstream/{dataset}.json"))
        for protocol in params.evaluate.protocols:
            found = compare(Path("evaluation"), dataset, protocol, variants, tasks, params.evaluate.bootstrap)
            tree = comparison_tree(found, variants)
            headline[f"{dataset}-{protocol}"] = headline_tree(tree, dataset, protocol, tasks)
            rows += found
    write_json(Path("metrics/comparison.json"), comparison_tree(rows, variants))
    write_json(Path("metrics/headline.json"), headline)
    write_csv(Path("plots/comparison.csv"), pa.Table.from_pylist(rows))


if __name__ == "__main__":
    run("compare", main)
