"""downstream: a data set to evaluate on -> data/downstream/<name>.parquet, .json and _rejected.parquet.

python -m stages.downstream <name>
"""

from pathlib import Path

from pacl_core.datasets.store import Storage, store_published
from pacl_core.methods.params import Params
from pacl_core.runtime.scratch import code_sha256
from pacl_core.runtime.settings import runtime
from stages.run import instance, run


def main(params: Params) -> None:
    """Read, normalise and store one data set of the section `downstream`."""
    name = instance("downstream", "downstream", params.downstream, what="data set")
    chosen = params.downstream[name]
    store_published(
        chosen,
        Path("data/downstream") / f"{name}.parquet",
        storage=Storage(chosen.image_size, params.evaluate.folds),
        code=code_sha256("corpus", "datasets", "media", Path(__file__)),
        workers=runtime().workers,
    )


if __name__ == "__main__":
    run("downstream", main)
