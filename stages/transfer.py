"""Heads of one data set tested on others: python -m stages.transfer <entry of evaluate.transfer: entry0>"""

import logging
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from pacl_core.datasets.features import read_features
from pacl_core.datasets.leaks import leaked_items
from pacl_core.errors import UserError, unknown
from pacl_core.evaluation.metrics.summary import summarise
from pacl_core.evaluation.predictions import write_predictions
from pacl_core.evaluation.summary_file import Evaluation, write_summary
from pacl_core.evaluation.transfer.fitted_heads import Transferred, transfer
from pacl_core.evaluation.transfer.unseen_sets import UnseenSet, read_stored, unseen_set
from pacl_core.files.publish import published_folder
from pacl_core.methods.params import Params
from pacl_core.params.evaluation import TransferParams
from pacl_core.runtime.settings import runtime
from stages.run import run

log = logging.getLogger("pacl")

DOWNSTREAM, PROTOCOL = Path("data/downstream"), "transfer"


def main(params: Params) -> None:
    """Every variant, with the metrics, in the form of the stages evaluate and measure."""
    name, entry = _entry(params)
    source = read_stored(DOWNSTREAM / f"{entry.source}.parquet")
    tested = [_tested(params, entry, to) for to in entry.to]
    with published_folder(Path("evaluation_transfer") / name) as draft:
        for variant in params.evaluate.variants:
            found = transfer(
                source,
                tested,
                partial(_features, variant),
                same=entry.classes,
                params=params.evaluate.linear,
                device=runtime().device,
            )
            for one in tested:
                _write(draft, one, found[one.stored.name], variant=variant, params=params)


def _entry(params: Params) -> tuple[str, TransferParams]:
    if len(sys.argv) != 2:
        raise UserError("usage: python -m stages.transfer <entry>, as entry0")
    entries = {f"entry{number}": one for number, one in enumerate(params.evaluate.transfer)}
    if sys.argv[1] not in entries:
        raise unknown("entry of evaluate.transfer", sys.argv[1], entries)
    return sys.argv[1], entries[sys.argv[1]]


def _tested(params: Params, entry: TransferParams, to: str) -> UnseenSet:
    source, target = (read_stored(DOWNSTREAM / f"{name}.parquet") for name in (entry.source, to))
    which = params.evaluate.exclude_leaks
    with TemporaryDirectory() as work:
        found = unseen_set(
            source,
            target,
            which,
            distance=params.leaks.distance,
            leaked=leaked_items(Path(f"data/leaks/{to}.parquet"), which),
            work=Path(work),
        )
    counts = found.leaks
    log.info(
        "%s: of %d images to test on, %d are among those of %s that heads are fitted on, %d more nearly so",
        to,
        counts["test_items"],
        counts["exact_items"],
        entry.source,
        counts["near_items"],
    )
    return found


def _features(variant: str, table: Path) -> NDArray[np.float32]:
    return read_features(Path(f"data/features/{table.stem}-{variant}"), table)


def _write(
    folder: Path, tested: UnseenSet, found: list[Transferred], *, variant: str, params: Params
) -> None:
    evaluation = Evaluation(
        dataset=tested.stored.name,
        protocol=PROTOCOL,
        variant=variant,
        backbone=params.backbone.name,
        not_applicable=None,
        excluded_test_items=tested.excluded,
    )
    stem = f"{tested.stored.name}-{PROTOCOL}-{variant}"
    outcomes = [one.outcome for one in found]
    known = {one.outcome.task.name: one.known for one in found}
    write_predictions(folder / f"{stem}.parquet", [p for one in outcomes for p in one.predictions])
    write_summary(folder / f"{stem}.json", evaluation, summarise(outcomes, params.evaluate.bootstrap, known))


if __name__ == "__main__":
    run("transfer", main)
