"""Run by `make repro` before DVC hashes the inputs: is there a file that DVC cannot hash? Not a stage of the
DAG."""

from pacl_core.doctor.hashing import FIRST, hashing
from pacl_core.errors import UserError
from pacl_core.methods.params import Params
from stages.run import run


def main(params: Params) -> None:
    """Raise `UserError` with the first entries that stop DVC."""
    found = hashing(params.input_paths)
    if found:
        listed = "; ".join(dict.fromkeys(one.detail for one in found[:FIRST]))
        raise UserError(f"DVC cannot hash {listed}. Delete or rename it, or move it out of the folder")


if __name__ == "__main__":
    run("check_inputs", main)
