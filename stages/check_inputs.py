"""Run by `make repro` before DVC hashes the inputs: does a file of theirs stop it? No stage of the DAG."""

from itertools import chain, islice
from pathlib import Path

from pacl_core.errors import UserError
from pacl_core.media.unhashable import unhashable
from pacl_core.methods.params import Params
from stages.run import run

SHOWN = 5


def main(params: Params) -> None:
    """Raise `UserError` with the first entries that stop DVC."""
    paths = [params.pairs.path, params.anps.path, *(one.path for one in params.downstream.values())]
    found = chain.from_iterable(unhashable(Path(path)) for path in dict.fromkeys(paths))
    first = list(islice(found, SHOWN + 1))
    if first:
        listed = "; ".join(f"{path}: {what}" for path, what in first[:SHOWN])
        more = "; and more" if len(first) > SHOWN else ""
        raise UserError(f"DVC cannot hash {listed}{more}. Delete or rename it, or move it out of the folder")


if __name__ == "__main__":
    run("check_inputs", main)
