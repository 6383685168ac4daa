"""leaks: test images among what was trained on -> data/leaks/<name>.parquet, metrics/leaks/<name>.json

python -m stages.leaks <data set>
"""

import logging
import sys
from pathlib import Path

from pacl_core.datasets.leaks import count_test_items, find_leaks, leak_counts
from pacl_core.errors import UserError
from pacl_core.files.hashing import marks_sha256
from pacl_core.files.json_csv import write_json
from pacl_core.files.tables import write_table
from pacl_core.methods.params import Params
from pacl_core.runtime.scratch import code_sha256, scratch, versions
from stages.run import run

log = logging.getLogger("pacl")

CODE = ("datasets/leaks.py", "datasets/rounds.py", "datasets/tasks.py")


def main(params: Params) -> None:
    """Find exact and near duplicates of one data set's test images."""
    if len(sys.argv) != 2:
        raise UserError("usage: python -m stages.leaks <data set>")
    name = sys.argv[1]
    among = Path("data") / params.leaks.among
    dataset = Path("data/downstream") / f"{name}.parquet"
    key = {
        "inputs": marks_sha256([among, dataset]),
        "distance": params.leaks.distance,
        "code": code_sha256(*CODE, Path(__file__)),
        "libraries": versions("faiss-cpu", "numpy", "pyarrow"),
    }
    with scratch(f"leaks-{name}", key) as work:
        leaks = find_leaks(among, dataset, params.leaks.distance, work=work)
        counts = leak_counts(leaks, count_test_items(dataset), params.leaks.distance)
        write_table(Path("data/leaks") / f"{name}.parquet", leaks)
        write_json(Path("metrics/leaks") / f"{name}.json", counts)
    log.info(
        "%s: of %d test images, %d are among the %s, %d more nearly so",
        name,
        counts["test_items"],
        counts["exact_items"],
        params.leaks.among.partition("/")[0].replace("pretext", "pretext images"),
        counts["near_items"],
    )


if __name__ == "__main__":
    run("leaks", main)
