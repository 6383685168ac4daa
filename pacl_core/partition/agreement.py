"""How well the partition finds what the corpus' own record (`provenance`) says of each pair."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from pacl_core.partition.transforms import Scores
from pacl_core.partitions import PARTITIONS


def auc(scores: Scores, truth: NDArray[np.bool_]) -> float | None:
    """ROC AUC of a score for a known match; None where a class or every score is missing."""
    known = ~np.isnan(scores)
    if len(np.unique(truth[known])) < 2:
        return None
    return float(roc_auc_score(truth[known], scores[known]))


def per_partition(found: Sequence[str], truth: Sequence[str]) -> dict[str, dict[str, float | int | None]]:
    """Precision and recall of each partition against the true one; None where nothing was found or true."""
    found_names, true_names = np.asarray(found), np.asarray(truth)
    table: dict[str, dict[str, float | int | None]] = {}
    for name in PARTITIONS:
        is_found, is_true = found_names == name, true_names == name
        hits = int((is_found & is_true).sum())
        table[name] = {
            "pairs": int(is_found.sum()),
            "precision": hits / int(is_found.sum()) if is_found.any() else None,
            "recall": hits / int(is_true.sum()) if is_true.any() else None,
        }
    return table


def true_partition(factual: bool, emotional: bool) -> str:
    """The partition of a pair whose matches are known."""
    if factual and emotional:
        return "strong"
    if emotional:
        return "partial_emotional"
    return "partial_factual" if factual else "weak"


def agreement(
    provenance: Sequence[str],
    truth: Mapping[str, tuple[bool, bool]],
    factual: Scores,
    emotional: Scores,
    found: Sequence[str],
) -> dict[str, object]:
    """AUC of both scores and per-partition precision and recall.

    `truth` maps a provenance name to (factual match, emotional match); KeyError on an unknown name.
    """
    matches = np.array([truth[name] for name in provenance], bool).reshape(-1, 2)
    names = [true_partition(bool(f), bool(e)) for f, e in matches]
    hits = sum(a == b for a, b in zip(found, names, strict=True))
    return {
        "factual_auc": auc(factual, matches[:, 0]),
        "emotional_auc": auc(emotional, matches[:, 1]),
        "accuracy": hits / len(names),
        "per_partition": per_partition(found, names),
    }
