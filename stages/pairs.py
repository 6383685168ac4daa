"""pairs: the corpus -> data/pairs/*.parquet, data/pairs_rejected.parquet, metrics/pairs.json."""

import logging
from pathlib import Path

from pacl_core.corpus.pair_store import StorePaths, write_pairs
from pacl_core.corpus.pair_store_state import store_key
from pacl_core.corpus.readers import read_posts
from pacl_core.files.json_csv import write_json
from pacl_core.methods.params import Params
from pacl_core.runtime.scratch import scratch
from pacl_core.runtime.settings import runtime
from stages.run import run

log = logging.getLogger("pacl")


def main(params: Params) -> None:
    """Read, clean, normalise and store the corpus; what cannot be used is listed with its reason."""
    pairs = params.pairs
    with scratch("pairs", store_key(pairs)) as unfinished:
        counts = write_pairs(
            lambda: read_posts(pairs),
            pairs,
            StorePaths(Path("data/pairs"), Path("data/pairs_rejected.parquet"), unfinished),
            workers=runtime().workers,
        )
        write_json(Path("metrics/pairs.json"), counts)
    log.info(
        "%d pairs of %d inputs; rejected: %s", counts["pairs"], counts["read"], counts["rejected_by_reason"]
    )


if __name__ == "__main__":
    run("pairs", main)
