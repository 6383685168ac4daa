"""How well the partition agrees with what the corpus itself says about each pair (`provenance`)."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pacl_core.files.npy_file import release
from pacl_core.files.tables import Table, aligned
from pacl_core.methods.pacl.partition.matching import partition_places
from pacl_core.methods.pacl.partition.rank_values import rank_values
from pacl_core.methods.pacl.partition.scores import BLOCK, ScoreColumn, score_column
from pacl_core.methods.pacl.partitions import PARTITIONS

Truth = Mapping[str, tuple[bool, bool]]


def auc(column: ScoreColumn, truth: Iterable[NDArray[np.bool_]]) -> float | None:
    """ROC AUC of a score for a known match; None where a class or every score is missing.

    `truth` holds the matches of the column's rows, block after block. By ranks (Mann and Whitney 1947): the
    fraction of (match, mismatch) pairs in the right order, a tie as one half.
    """
    ranked = rank_values(column)
    positives, rank_sum, start = 0, 0.0, 0
    for block in truth:
        of_matches = ranked[start : start + len(block)][block]
        release(ranked)
        known = of_matches[~np.isnan(of_matches)]
        positives, rank_sum = positives + len(known), rank_sum + float(known.sum())
        start += len(block)
    negatives = column.known - positives
    if not positives or not negatives:
        return None
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def per_partition(counts: NDArray[np.int64]) -> dict[str, dict[str, float | int | None]]:
    """Precision and recall of each partition from counts [true, found]; None where none was found or true."""
    table: dict[str, dict[str, float | int | None]] = {}
    for place, name in enumerate(PARTITIONS):
        hits, found, true = (
            int(n) for n in (counts[place, place], counts[:, place].sum(), counts[place].sum())
        )
        table[name] = {
            "pairs": found,
            "precision": hits / found if found else None,
            "recall": hits / true if true else None,
        }
    return table


def agreement(pairs: Path, table: Path, truth: Truth) -> dict[str, object] | None:
    """AUC of both values and per-partition precision and recall of the partition `table`.

    `truth` maps a provenance to (factual match, emotional match). None where a pair has no provenance, or
    an unknown one. Memory holds one block.
    """
    matches = np.array(list(truth.values()), bool).reshape(-1, 2)
    places = partition_places(matches[:, 0], matches[:, 1], "both")
    counts = np.zeros((len(PARTITIONS), len(PARTITIONS)), np.int64)
    for known, found in _blocks(pairs, table, truth):
        if known is None:
            return None
        np.add.at(counts, (places[known], found), 1)

    def auc_of(column: str, match: int) -> float | None:
        of_blocks = (matches[known, match] for known, _ in _blocks(pairs, table, truth) if known is not None)
        return auc(score_column(table, column), of_blocks)

    return {
        "factual_auc": auc_of("factual_value", 0),
        "emotional_auc": auc_of("emotional_value", 1),
        "accuracy": int(counts.trace()) / int(counts.sum()),
        "per_partition": per_partition(counts),
    }


def _blocks(
    pairs: Path, table: Path, truth: Truth
) -> Iterator[tuple[NDArray[np.intp] | None, NDArray[np.intp]]]:
    """By block: each pair's place in `truth` (None where one is not in it), and place in `PARTITIONS`."""
    names, partitions = pa.array(list(truth), pa.string()), pa.array(PARTITIONS, pa.string())
    for ours, theirs in aligned([Table(pairs, ("provenance",)), Table(table, ("partition",))], BLOCK):
        known = pc.index_in(ours["provenance"], names)
        found = pc.index_in(theirs["partition"].cast(pa.string()), partitions)
        yield None if known.null_count else _places(known), _places(found)


def _places(array: pa.Array) -> NDArray[np.intp]:
    places: NDArray[np.intp] = array.to_numpy(zero_copy_only=False).astype(np.intp)
    return places
