"""pretext_set: a data set for pretext tasks -> data/pretext/<name>.parquet, .json and _rejected.parquet.

python -m stages.pretext_set <name>
"""

from pathlib import Path

from pacl_core.datasets.store import Storage, store_published
from pacl_core.methods.params import Params
from pacl_core.runtime.scratch import code_sha256
from pacl_core.runtime.settings import runtime
from stages.run import instance, run


def main(params: Params) -> None:
    """Read, normalise and store one data set of the section `pretext_sets`; it is never cross-validated."""
    name = instance("pretext_set", "pretext_sets", params.pretext_sets, what="pretext set")
    chosen = params.pretext_sets[name]
    store_published(
        chosen,
        Path("data/pretext") / f"{name}.parquet",
        storage=Storage(chosen.image_size, section="pretext_sets"),
        code=code_sha256("corpus", "datasets", "media", Path(__file__)),
        workers=runtime().workers,
    )


if __name__ == "__main__":
    run("pretext_set", main)
