"""Multi label: mAP and macro AUC of the ranking per class, Hamming, ranking loss, F1 at 0.5, hits at 1.

AP is defined for a class with a positive item, AUC for one with both; the means are over the classes where
they are defined, and `details` lists the others. Macro F1 is over the classes that are given or predicted.
Ranking loss is as in scikit-learn: the share of an item's (given, not given) pairs of classes in which the
given class is not ranked higher, so a tie is an error; it is 0 for an item with no class, or with all.
`hit_at_1` is the share of items whose likeliest class (of equals the first) is given; MovieGraphs calls it
accuracy. An item with no class is a miss.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from sklearn.metrics import average_precision_score, f1_score, hamming_loss, roc_auc_score

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics.item_sums import Resampler, item_sums, ratio
from pacl_core.evaluation.metrics.ranking import ranking_of

Array = NDArray[Any]

THRESHOLD = 0.5
_NO_POSITIVE = "no class has a positive item"
_ONE_SIDED = "no class has both positive and negative items"
_NOTHING = "no class is given or predicted"


def measure(task: Task, target: Array, prediction: Array) -> dict[str, float | str]:
    """`target` [N, C] of 0 and 1, `prediction` [N, C] probabilities."""
    truth, chosen = target.astype(int), (prediction >= THRESHOLD).astype(int)
    by_class = _by_class(truth, prediction)
    # a class is a binary problem: scikit-learn's own averages would take a single column for two classes
    micro = float(f1_score(truth.ravel(), chosen.ravel(), zero_division=np.nan))
    return {
        "map": _mean_of_defined(by_class["ap"], _NO_POSITIVE),
        "auc": _mean_of_defined(by_class["auc"], _ONE_SIDED),
        "hamming": float(hamming_loss(truth.ravel(), chosen.ravel())),
        "ranking_loss": float(_ranking_loss(target > 0, prediction).mean()),
        "f1_micro": _NOTHING if np.isnan(micro) else micro,
        "f1_macro": _mean_of_defined(by_class["f1"], _NOTHING),
        "hit_at_1": float(_hits(target > 0, prediction).mean()),
    }


def resampler(task: Task, target: Array, prediction: Array) -> Resampler:
    """The same by sums per class; AP and AUC by sums over runs of the class's ranking."""
    truth, chosen = target > 0, prediction >= THRESHOLD
    classes = truth.shape[1]
    parts = (
        csr_array((truth & chosen).T.astype(float)),
        csr_array(truth.T.astype(float) + chosen.T),
        csr_array((truth != chosen).mean(axis=1)[None]),
        csr_array(_ranking_loss(truth, prediction)[None]),
        csr_array(_hits(truth, prediction)[None].astype(float)),
    )
    rows = vstack(parts, format="csr")
    ends = np.cumsum([part.shape[0] for part in parts])[:-1]
    rankings = [ranking_of(truth[:, c], prediction[:, c]) for c in range(classes)]

    def values_of(counts: Array) -> dict[str, Array]:
        hits_CR, both_CR, differing, misranked, first = np.split(item_sums(rows, counts), ends)
        total = counts.sum(axis=1)
        ap_CR, auc_CR = np.stack([ranking.ap_and_auc(counts) for ranking in rankings], axis=1)
        return {
            "map": _column_means(ap_CR),
            "auc": _column_means(auc_CR),
            "hamming": ratio(differing[0], total),
            "ranking_loss": ratio(misranked[0], total),
            "f1_micro": ratio(2 * hits_CR.sum(axis=0), both_CR.sum(axis=0)),
            "f1_macro": _column_means(ratio(2 * hits_CR, both_CR)),
            "hit_at_1": ratio(first[0], total),
        }

    return values_of


def details(task: Task, target: Array, predictions: Array) -> dict[str, Any]:
    """Per class, means over seeds; `undefined_classes`: those without a positive, or without a negative."""
    truth = target.astype(int)
    names = task.classes or task.columns
    by_seed = [_by_class(truth, prediction) for prediction in predictions]
    means = {key: np.mean([one[key] for one in by_seed], axis=0) for key in ("ap", "auc", "f1")}
    positives = truth.sum(axis=0)
    means["f1"] = np.where(positives > 0, means["f1"], np.nan)  # else defined in some seeds only
    return {
        "per_class": [
            {"class": name, "positives": int(positives[c])}
            | {key: None if np.isnan(values[c]) else float(values[c]) for key, values in means.items()}
            for c, name in enumerate(names)
        ],
        "undefined_classes": [
            name for name, count in zip(names, positives, strict=True) if count in (0, len(truth))
        ],
    }


def _by_class(truth: Array, prediction: Array) -> dict[str, Array]:
    """[C] each, NaN where undefined."""
    values: dict[str, list[float]] = {"ap": [], "auc": [], "f1": []}
    for given, score in zip(truth.T, prediction.T, strict=True):
        some, all_given = given.any(), given.all()
        values["ap"].append(float(average_precision_score(given, score)) if some else np.nan)
        values["auc"].append(float(roc_auc_score(given, score)) if some and not all_given else np.nan)
        values["f1"].append(float(f1_score(given, score >= THRESHOLD, zero_division=np.nan)))
    return {name: np.array(per_class) for name, per_class in values.items()}


def _mean_of_defined(values: Array, reason: str) -> float | str:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else reason


def _column_means(values_CR: Array) -> Array:
    """[R]: means over the classes that are defined on a resample, NaN where none is."""
    defined = ~np.isnan(values_CR)
    return ratio(np.where(defined, values_CR, 0).sum(axis=0), defined.sum(axis=0))


def _hits(truth: Array, prediction: Array) -> Array:
    """[N]: whether an item's likeliest class is given."""
    found: Array = np.take_along_axis(truth, prediction.argmax(axis=1)[:, None], axis=1)[:, 0]
    return found


def _ranking_loss(truth: Array, prediction: Array) -> Array:
    """[N]; class by class, for [N, C, C] would not fit memory with many classes.

    scikit-learn's takes a Python step per item and refuses a task of one class.
    """
    wrong = np.zeros(len(truth))
    for given, score in zip(truth.T, prediction.T, strict=True):
        not_above = ~truth & (prediction >= score[:, None])
        wrong += given * not_above.sum(axis=1)
    given = truth.sum(axis=1)
    return ratio(wrong, given * (truth.shape[1] - given), undefined=0.0)
