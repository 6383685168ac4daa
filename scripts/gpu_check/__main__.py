"""Proves the GPU paths on one card, in under 8 minutes: scripts/gpu_check.sh [--device cuda] [--quick]

Makes its own data and models of random weights. Prints one table (check, figure, tolerance, ok) and exits
with 1 where a check failed. On a CPU everything is smaller, and shows only that the checks themselves run.
"""

import argparse
import logging
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from pacl_core.runtime.settings import repeatable_products
from scripts.gpu_check import passes, speed, training
from scripts.gpu_check.inputs import LARGE, ON_CPU, ON_GPU, ON_SMALL_GPU, QUICK, Place, Sizes, write_inputs
from scripts.gpu_check.table import Check, Row, at_most, rows_of, table

SECONDS = 480.0  # on a GPU
CHECKS = {
    "precisions": training.precisions,
    "interruptions": training.interruptions,
    "passes": passes.passes,
    "objective": speed.objective,
    "training steps": speed.training_steps,
    "encoding": speed.encoding,
}


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 where all holds, 1 where a check failed, 2 where the device is not there."""
    chosen = _arguments(arguments)
    if chosen.device == "cuda" and not torch.cuda.is_available():
        print("gpu_check: torch sees no GPU; --device cpu runs the checks in small", file=sys.stderr)
        return 2
    repeatable_products()
    started = time.monotonic()
    rows: list[Row] = []
    with TemporaryDirectory(prefix="gpu_check-") as folder:
        place = Place(Path(folder), chosen.device, sizes_of(chosen.device, chosen.quick))
        write_inputs(place)
        for name in chosen.only:
            check: Check = partial(CHECKS[name], place)
            for row in rows_of(name, check, partial(print, file=sys.stderr, flush=True)):
                print(table([row]).splitlines()[-1], file=sys.stderr, flush=True)  # a run may be cut short
                rows.append(row)
    seconds = time.monotonic() - started
    if chosen.device == "cuda":
        rows.append(at_most("all, in seconds", round(seconds), SECONDS))
    name = torch.cuda.get_device_name() if chosen.device == "cuda" else "CPU"
    print(f"{name}, torch {torch.__version__}, {seconds:.0f} s\n\n{table(rows)}")
    return 0 if all(row.ok for row in rows) else 1


def sizes_of(device: str, quick: bool) -> Sizes:
    """How much is done on a device."""
    if quick:
        return QUICK
    if device == "cpu":
        return ON_CPU
    return ON_GPU if torch.cuda.get_device_properties(0).total_memory >= LARGE else ON_SMALL_GPU


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gpu_check.sh", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--quick", action="store_true", help="the smallest sizes, nothing compiled")
    parser.add_argument("--only", nargs="+", choices=list(CHECKS), default=list(CHECKS), metavar="CHECK")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    logging.getLogger("pacl").setLevel(logging.WARNING)
    sys.exit(main())
