"""check_names: names of data sets, clips, trainings and variants, fit for paths -> data/names_checked.txt."""

import logging
from pathlib import Path

from pacl_core.files.publish import published_file
from pacl_core.methods.params import Params
from stages.run import run

log = logging.getLogger("pacl")


def main(params: Params) -> None:
    """Reading params.yaml checks them. The out never changes, so nothing after it becomes stale.

    DVC puts the names into commands and looks them up in params.yaml before one of their stages could report
    a wrong one.
    """
    counts = len(params.downstream), len(params.clips), len(params.emotionclip), len(params.recipes)
    others = len(params.pretext_sets), len(params.feng), len(params.variants)
    log.info("%d data sets, %d corpora of clips, %d trainings on them, %d recipes", *counts)
    log.info("%d pretext sets, %d trainings on them, %d other variants", *others)
    with published_file(Path("data/names_checked.txt")) as draft:
        draft.write_text("a-z, 0-9, _ and - only\n", encoding="utf-8")


if __name__ == "__main__":
    run("check_names", main)
