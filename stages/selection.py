"""Which clips a training of EmotionCLIP takes, from tables alone: python -m stages.selection <name>"""

import logging
from pathlib import Path

from pacl_core.files.json_csv import write_json
from pacl_core.methods.emotionclip.selection import ClipTables, write_selection
from pacl_core.methods.params import Params
from stages.run import instance, run

log = logging.getLogger("pacl")


def main(params: Params) -> None:
    name = instance("selection", "emotionclip", params.emotionclip, what="training of EmotionCLIP")
    own = params.emotionclip[name]
    tables = ClipTables(
        Path("data/clips") / own.clips,
        Path(f"data/sentiment/{own.clips}.parquet"),
        Path(f"data/persons/{own.clips}.parquet"),
    )
    counts = write_selection(Path("data/selection") / f"{name}.parquet", tables, own.filter)
    write_json(Path("metrics/selection") / f"{name}.json", counts)
    log.info("%d of %d clips; left out: %s", counts["kept"], counts["clips"], counts["left_out_by_reason"])


if __name__ == "__main__":
    run("selection", main)
