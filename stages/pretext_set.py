"""pretext_set: a data set for pretext tasks -> data/pretext/<name>.parquet, .json and _rejected.parquet.

python -m stages.pretext_set <name>
"""

import logging
from pathlib import Path

from pacl_core.datasets.store import Storage, store_published
from pacl_core.methods.params import Params
from pacl_core.runtime.settings import runtime
from stages.run import instance, run

log = logging.getLogger("pacl")


def main(params: Params) -> None:
    """Read, normalise and store one data set of the section `pretext_sets`; it is never cross-validated."""
    name = instance("pretext_set", "pretext_sets", params.pretext_sets, what="pretext set")
    chosen = params.pretext_sets[name]
    description = store_published(
        chosen,
        Path("data/pretext") / f"{name}.parquet",
        storage=Storage(chosen.image_size, section="pretext_sets"),
        stage=Path(__file__),
        workers=runtime().workers,
    )
    counts = description["counts"]
    log.info("%s: %s items; rejected: %s", name, counts["items"], counts["rejected_by_reason"])


if __name__ == "__main__":
    run("pretext_set", main)
