"""Trainings side by side on the same pairs, each judged by a ridge probe on items that are no test items.

From the root of a project in which `dvc repro shards` and the downstream stages ran:

    python -m scripts.training_grid prepare /tmp/scenes --columns valence --group valence
    python -m scripts.training_grid run /tmp/scenes /tmp/found --grid scenes --device cuda --jobs 6
    python -m scripts.training_grid table /tmp/scenes /tmp/found

`run` leaves one row a training and skips those that are there.
"""

import argparse
import logging
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from scripts.training_grid.cells import GRIDS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    preparing = commands.add_parser("prepare")
    preparing.add_argument("folder", type=Path)
    preparing.add_argument("--columns", nargs="+", required=True)
    preparing.add_argument("--group")
    running = commands.add_parser("run")
    running.add_argument("folder", type=Path)
    running.add_argument("out", type=Path)
    running.add_argument("--grid", choices=list(GRIDS), required=True)
    running.add_argument("--device", default="cpu")
    running.add_argument("--jobs", type=int, default=1)
    running.add_argument("--weights", help="file of the backbone's weights, where the package is absent")
    running.add_argument("--image-size", type=int, help="of the backbone, instead of the project's")
    running.add_argument("--only", help="cells whose name has this text")
    showing = commands.add_parser("table")
    showing.add_argument("folder", type=Path)
    showing.add_argument("out", type=Path)
    showing.add_argument(
        "--against", default="initial", help="the training that the others are compared with"
    )
    chosen = parser.parse_args()
    logging.getLogger("pacl").setLevel(logging.WARNING)
    if chosen.command == "prepare":
        from scripts.training_grid.prepare import prepare

        prepare(chosen.folder, chosen.columns, chosen.group)
    elif chosen.command == "run":
        run_grid(chosen)
    else:
        from scripts.training_grid.table import table

        print(table(chosen.folder, chosen.out, chosen.against))


def run_grid(chosen: argparse.Namespace) -> None:
    from scripts.training_grid.run import Prepared, row_name, run_cell

    prepared = Prepared(chosen.folder, chosen.device, chosen.weights, chosen.image_size)
    chosen.out.mkdir(parents=True, exist_ok=True)
    cells = [cell for cell in GRIDS[chosen.grid]() if not chosen.only or chosen.only in cell.name]
    wanted = [cell for cell in (None, *cells) if not (chosen.out / f"{row_name(cell)}.json").exists()]
    with ProcessPoolExecutor(chosen.jobs, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(run_cell, prepared, cell, chosen.out) for cell in wanted]
        for one in running:
            one.result()


if __name__ == "__main__":
    main()
