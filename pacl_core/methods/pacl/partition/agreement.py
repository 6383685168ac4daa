"""How well the partition finds what the corpus' own record (`provenance`) says of each pair."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pacl_core.files.npy_file import release
from pacl_core.files.tables import Table, aligned
from pacl_core.methods.pacl.partition.rank_values import ranks
from pacl_core.methods.pacl.partition.scores import BLOCK, ScoreColumn, score_column
from pacl_core.methods.pacl.partitions import PARTITIONS

Truth = Mapping[str, tuple[bool, bool]]


def auc(column: ScoreColumn, truth: Iterable[NDArray[np.bool_]]) -> float | None:
    """ROC AUC of a score for a known match; None where a class or every score is missing.

    `truth` holds the matches of the column's rows, block after block. By ranks (Mann and Whitney 1947):
    the share of pairs of a match and a mismatch that stand in order, ties for half.
    """
    ranked = ranks(column)
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


def true_partition(factual: bool, emotional: bool) -> str:
    """The partition of a pair whose matches are known."""
    if factual and emotional:
        return "strong"
    if emotional:
        return "partial_emotional"
    return "partial_factual" if factual else "weak"


def per_partition(counts: NDArray[np.int64]) -> dict[str, dict[str, float | int | None]]:
    """Precision and recall of each partition from pairs [true, found]; None where none was found or true."""
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
    one that is not known. Memory holds one block.
    """
    matches = np.array(list(truth.values()), bool).reshape(-1, 2)
    places = np.array([PARTITIONS.index(true_partition(*match)) for match in matches.tolist()], np.intp)
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
    """Place of each pair's provenance in `truth`, None for a block with one that is not there; partition."""
    names, partitions = pa.array(list(truth), pa.string()), pa.array(PARTITIONS, pa.string())
    for ours, theirs in aligned([Table(pairs, ("provenance",)), Table(table, ("partition",))], BLOCK):
        known = pc.index_in(ours["provenance"], names)
        found = pc.index_in(theirs["partition"].cast(pa.string()), partitions)
        yield None if known.null_count else _places(known), _places(found)


def _places(array: pa.Array) -> NDArray[np.intp]:
    places: NDArray[np.intp] = array.to_numpy(zero_copy_only=False).astype(np.intp)
    return places
