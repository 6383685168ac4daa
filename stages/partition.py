"""Scores to the four partitions: data/partition.parquet, the file that people look at."""

import logging
from pathlib import Path

import polars as pl

from pacl_core.artefacts.aligned import part_files
from pacl_core.artefacts.csv_file import write_csv
from pacl_core.artefacts.json_file import write_json
from pacl_core.corpus.provenance import MATCHED
from pacl_core.params import Params
from pacl_core.partition.agreement import agreement
from pacl_core.partition.distributions import histogram, plane
from pacl_core.partition.split import PUBLISHED_SHARES
from pacl_core.partition.threshold_grid import threshold_grid
from pacl_core.partition.write import Partitioned, write_partition
from pacl_core.partitions import PARTITIONS
from stages.run import run

log = logging.getLogger("pacl")

PAIRS = Path("data/pairs")


def main(params: Params) -> None:
    done = write_partition(
        pairs=PAIRS,
        anps=Path("data/scores/anps.parquet"),
        factual=Path("data/scores/factual.parquet"),
        emotional=Path("data/scores/emotional.parquet"),
        out=Path("data/partition.parquet"),
        params=params.partition,
    )
    metrics = _metrics(done)
    write_json(Path("metrics/partition.json"), metrics)
    write_csv(Path("plots/factual_histogram.csv"), histogram(done.factual))
    write_csv(Path("plots/emotional_histogram.csv"), histogram(done.emotional))
    write_csv(Path("plots/plane.csv"), plane(done.factual, done.emotional))
    grid = threshold_grid(done.table, done.factual.threshold, done.emotional.threshold, params.partition.mode)
    write_csv(Path("plots/threshold_grid.csv"), grid)


def _metrics(done: Partitioned) -> dict[str, object]:
    table = pl.scan_parquet(done.table)
    counted = dict(table.group_by("partition").len().collect().iter_rows())
    pairs = sum(counted.values())
    shares = {name: counted.get(name, 0) / pairs for name in PARTITIONS}
    shares["partial"] = shares["partial_emotional"] + shares["partial_factual"]
    for name, published in PUBLISHED_SHARES.items():
        log.info("%s %.1f %% (published %.0f %%)", name, 100 * shares[name], 100 * published)
    for name in PARTITIONS:
        if name not in counted:
            log.info("no pair is %s; training goes on without that partition", name)
    return {
        "pairs": pairs,
        "shares": shares,
        "published_shares": PUBLISHED_SHARES,
        "matched": {
            "factual": float(done.factual.matched.mean()),
            "emotional": float(done.emotional.matched.mean()),
        },
        "thresholds": {"factual": done.factual.threshold, "emotional": done.emotional.threshold},
        "agreement": _agreement(done),
    }


def _agreement(done: Partitioned) -> dict[str, object] | None:
    """Agreement with `provenance` where every pair of the corpus has one that is known."""
    provenance = pl.scan_parquet(part_files(PAIRS)).select("provenance").collect().to_series()
    if not provenance.is_in(list(MATCHED)).fill_null(False).all():
        return None
    found = pl.scan_parquet(done.table).select("partition").collect().to_series()
    return agreement(
        provenance.to_list(), MATCHED, done.factual.values, done.emotional.values, found.to_list()
    )


if __name__ == "__main__":
    run("partition", main)
