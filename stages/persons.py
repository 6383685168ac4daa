"""Boxes of persons in the frames of clips: python -m stages.persons <name>"""

from functools import partial
from pathlib import Path
from typing import Any

from pacl_core.encoding.engine import engine
from pacl_core.encoding.frames import encode_frames
from pacl_core.encoding.persons import detected, given, nobody, write_persons
from pacl_core.encoding.scratch_keys import encoding_key
from pacl_core.files.hashing import marks_sha256
from pacl_core.files.json_csv import write_json
from pacl_core.methods.params import Params
from pacl_core.models.local_files import link_weights
from pacl_core.models.persons import load_detector
from pacl_core.runtime.scratch import scratch
from pacl_core.runtime.settings import runtime
from stages.run import instance, run


def main(params: Params) -> None:
    name = instance("persons", "clips", params.clips, what="corpus of clips")
    persons = params.persons
    link_weights({"persons": persons.weights})
    clips, out = Path("data/clips") / name, Path("data/persons") / f"{name}.parquet"
    if persons.kind == "torchvision":
        counts = _detect(params, name, clips, out=out)
    else:
        find = given if persons.kind == "given" else nobody
        counts = write_persons(out, clips, find, score=persons.score)
    write_json(Path("metrics/persons") / f"{name}.json", counts)


def _detect(params: Params, name: str, clips: Path, *, out: Path) -> dict[str, Any]:
    persons, machine = params.persons, runtime()
    # frames are not read twice: DVC tells changed files by the same marks
    key = encoding_key(clips, ("sample_id",), persons, machine=machine) | {"frames": marks_sha256([clips])}
    load = partial(load_detector, persons, machine.device)
    with scratch(f"persons-{name}", key) as folder, engine(load, machine) as workers:
        found = encode_frames(workers, clips, folder / "frames")
        return write_persons(out, clips, detected(found), score=persons.score)


if __name__ == "__main__":
    run("persons", main)
