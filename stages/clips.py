"""Clips of one corpus of videos, with their frames: python -m stages.clips <name>"""

import logging
from pathlib import Path

from pacl_core.corpus.clips.clip_store import Corpus, write_clips
from pacl_core.corpus.clips.readers import opening, read_clips
from pacl_core.corpus.pair_store import StorePaths
from pacl_core.corpus.pair_store_state import store_key
from pacl_core.files.json_csv import write_json
from pacl_core.methods.params import Params
from pacl_core.runtime.jobs import jobs
from pacl_core.runtime.scratch import scratch
from pacl_core.runtime.settings import runtime
from stages.run import instance, run

log = logging.getLogger("pacl")
OUT = Path("data/clips")


def main(params: Params) -> None:
    """Read each video once, and cut all its clips; what cannot be used is listed with its reason."""
    name = instance("clips", "clips", params.clips, what="corpus of clips")
    those = params.clips[name]
    corpus = Corpus(lambda: read_clips(those), opening(those))
    with (
        scratch(f"clips-{name}", store_key(those)) as unfinished,
        jobs(runtime(), "corpus", "media") as readers,
    ):
        paths = StorePaths(OUT / name, OUT / f"{name}_rejected.parquet", unfinished)
        counts = write_clips(corpus, those, paths, jobs=readers)
        write_json(Path("metrics/clips") / f"{name}.json", counts)
    log.info(
        "%d clips of %d inputs; rejected: %s", counts["clips"], counts["read"], counts["rejected_by_reason"]
    )


if __name__ == "__main__":
    run("clips", main)
