"""Scores to the four partitions: data/partition.parquet, the table that people look at."""

import logging
from pathlib import Path

from pacl_core.corpus.provenance import MATCHED
from pacl_core.files.json_csv import write_csv, write_json
from pacl_core.methods.pacl.partition.agreement import agreement
from pacl_core.methods.pacl.partition.summary import summarise
from pacl_core.methods.pacl.partition.threshold_grid import threshold_grid
from pacl_core.methods.pacl.partition.write_partition import Inputs, write_partition
from pacl_core.methods.pacl.partitions import PARTITIONS, PUBLISHED_READER, PUBLISHED_SHARES
from pacl_core.methods.params import Params
from stages.run import run

log = logging.getLogger("pacl")

PAIRS = Path("data/pairs")
TABLE = Path("data/partition.parquet")


def main(params: Params) -> None:
    inputs = Inputs(
        pairs=PAIRS,
        anps=Path("data/scores/anps.parquet"),
        factual=Path("data/scores/factual.parquet"),
        emotional=Path("data/scores/emotional.parquet"),
    )
    thresholds = write_partition(inputs, TABLE, params.partition)
    found = summarise(TABLE, thresholds)
    pairs = sum(found.pairs.values())
    fractions = {name: found.pairs[name] / pairs for name in PARTITIONS}
    fractions["partial"] = fractions["partial_emotional"] + fractions["partial_factual"]
    published = PUBLISHED_SHARES if params.pairs.reader == PUBLISHED_READER else {}
    _say(fractions, published)
    kinds = {
        "factual": params.factual_scores.scorer.kind,
        "emotional": params.emotional_scores.text_encoder.kind,
    }
    misfits = params.partition.misfits(kinds)
    for sentence in misfits:
        log.warning("%s", sentence)
    metrics = {
        "pairs": pairs,
        "shares": fractions,
        "published_shares": published or None,
        "matched": {name: matched / pairs for name, matched in found.matched.items()},
        "thresholds": {"factual": thresholds.factual, "emotional": thresholds.emotional},
        "agreement": agreement(PAIRS, TABLE, MATCHED),
        "warnings": misfits,
    }
    write_json(Path("metrics/partition.json"), metrics)
    write_csv(Path("plots/factual_histogram.csv"), found.factual_histogram)
    write_csv(Path("plots/emotional_histogram.csv"), found.emotional_histogram)
    write_csv(Path("plots/plane.csv"), found.plane)
    grid = threshold_grid(TABLE, thresholds, params.partition.mode)
    write_csv(Path("plots/threshold_grid.csv"), grid)


def _say(fractions: dict[str, float], published: dict[str, float]) -> None:
    for name in PUBLISHED_SHARES:
        of_paper = f" (published {published[name]:.0%})" if published else ""
        log.info("%s %.1f %%%s", name, 100 * fractions[name], of_paper)
    for name in PARTITIONS:
        if not fractions[name]:
            log.info("no pair is %s; training goes on without that partition", name)


if __name__ == "__main__":
    run("partition", main)
