"""Before all else: keys left out of params.yaml, inputs that DVC cannot hash, which code is installed.

`make repro` runs it; in a project that `pacl init` made it is the first stage of `dvc repro`, every time.
"""

import logging
from pathlib import Path

from pacl_core.doctor.absent_keys import absent_keys, fill
from pacl_core.doctor.hashing import FIRST, hashing
from pacl_core.errors import UserError
from pacl_core.methods.params import Params
from pacl_core.models.local_files import drop_dangling
from pacl_core.project.installed_code import hashed_rooms, refresh
from stages.inputs import INSTALLED, PARAMS
from stages.run import run

log = logging.getLogger("pacl")

PIPELINE = Path("dvc.yaml")


def main(params: Params) -> None:
    """Raise `UserError` with the first entries that stop DVC."""
    drop_dangling()
    found = hashing(params.input_paths)
    if found:
        listed = "; ".join(dict.fromkeys(one.detail for one in found[:FIRST]))
        raise UserError(f"DVC cannot hash {listed}. Delete or rename it, or move it out of the folder")
    if not PIPELINE.is_file():
        return
    if absent := absent_keys(PARAMS, PIPELINE):
        fill(PARAMS, absent)
        log.info("%s: filled in %s", PARAMS, ", ".join(absent))
    wanted = hashed_rooms(PIPELINE.read_text(encoding="utf-8"), INSTALLED)
    if wanted and (changed := refresh(INSTALLED, wanted)):  # a clone wants none
        log.info("new code in %s", ", ".join(changed))


if __name__ == "__main__":
    run("ready", main)
