"""downstream: a data set as published -> data/downstream/<name>.parquet and .json.

python -m stages.downstream <data set>
"""

import logging
import sys
from pathlib import Path

from pacl_core.errors import UserError, unknown
from pacl_core.evaluation.datasets import read_dataset
from pacl_core.evaluation.datasets.store import write_dataset
from pacl_core.params import Params
from pacl_core.runtime import runtime
from stages.run import run

log = logging.getLogger("pacl")


def main(params: Params) -> None:
    """Read, normalise and store one data set of the section `downstream`."""
    if len(sys.argv) != 2:
        raise UserError(
            f"usage: python -m stages.downstream <data set>; known: {', '.join(params.downstream)}"
        )
    name = sys.argv[1]
    if name not in params.downstream:
        raise unknown("data set", name, params.downstream)
    chosen = params.downstream[name]
    path = Path("data/downstream") / f"{name}.parquet"
    description = write_dataset(read_dataset(chosen), path, chosen.image_size, runtime().workers)
    log.info("%s: %s", name, description["counts"])


if __name__ == "__main__":
    run("downstream", main)
