"""What a prediction scores that never looks at the image: the baselines of a task.

From training targets only, by scikit-learn's dummy estimators:

| kind | baseline | its prediction |
|---|---|---|
| single_label, hierarchical | `most_frequent` | the shares of the classes, so the most frequent one |
| multi_label | `training_shares` | the share of each class |
| distribution | `training_distribution` | the mean distribution |
| regression | `mean` | the mean |
| score | `chance` | none: a score that says nothing correlates with 0 |

`chance` is a guess at random with equal probabilities, for a single label; only its accuracy and Brier score
are defined without drawing. A zero-shot prediction knows no training item, so chance is what it is held to.
Calibration and consistency across levels are left out: a constant has them for nothing.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier, DummyRegressor

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics import measure
from pacl_core.evaluation.metrics.draws import over_draws
from pacl_core.evaluation.metrics.intervals import Resampled, bootstrap, interval
from pacl_core.evaluation.metrics.verdicts import Items, items_of, with_verdict

Array = NDArray[Any]
Json = dict[str, Any]

CHANCE = "chance"
_NAMES = {
    "single_label": "most_frequent",
    "hierarchical": "most_frequent",
    "multi_label": "training_shares",
    "distribution": "training_distribution",
    "regression": "mean",
}
_FOR_NOTHING = ("ece", "consistency")


def constant_prediction(task: Task, train_target: Array) -> Array:
    """Outputs [C] of the task's own baseline, from training targets [M, T]."""
    blank = np.zeros((len(train_target), 1))
    if task.kind in ("single_label", "hierarchical"):
        sizes = [len(level.classes) for level in task.levels] or [task.outputs]
        return np.concatenate(
            [_prior(blank, train_target[:, place], size) for place, size in enumerate(sizes)]
        )
    mean: Array = DummyRegressor(strategy="mean").fit(blank, train_target).predict(blank[:1])
    return np.ravel(mean).astype(np.float64)


def main_baseline(names: Iterable[str]) -> str | None:
    """The one that stands for the task where one is shown: that of the training targets, else chance."""
    return next(iter(sorted(names, key=lambda name: name == CHANCE)), None)


def baselines(
    task: Task,
    target: Array,
    train_target: Array,
    *,
    boot: dict[str, Resampled],
    count: int,
    draws: int = 1,
) -> Json:
    """Baseline -> metric -> `value` on test targets [N, T], and `difference` {value, low, high, verdict} of
    the evaluated predictions from it, paired; `boot` holds their metrics on the same resamples,
    and of as many `draws` of labels, of which a constant is the same in each.

    A value that is undefined is left out; the difference is None where that of the predictions is.
    """
    items = items_of(task, target)
    if task.kind == "score":
        return {
            CHANCE: {name: _against(name, 0.0, one.minus(0.0), items=items) for name, one in boot.items()}
        }
    outputs = np.broadcast_to(constant_prediction(task, train_target), (1, len(target), task.outputs))
    own = bootstrap(task, target, outputs, count=count, seed=0)
    if draws > 1:
        own = {name: over_draws([one] * draws) for name, one in own.items()}
    values = {name: value for name, value in measure(task, target, outputs[0]).items() if _counts(name)}
    found = {
        _NAMES[task.kind]: {
            name: _against(name, value, boot[name] - own[name], items=items)
            for name, value in values.items()
            if not isinstance(value, str)
        }
    }
    if task.kind == "single_label":
        by_chance = {"accuracy": 1 / task.outputs, "brier": 1 - 1 / task.outputs}
        found[CHANCE] = {
            name: _against(name, value, boot[name].minus(value), items=items)
            for name, value in by_chance.items()
        }
    return found


def _prior(blank: Array, labels: Array, classes: int) -> Array:
    dummy = DummyClassifier(strategy="prior").fit(blank, labels.astype(int))
    shares = np.zeros(classes)
    shares[dummy.classes_] = dummy.class_prior_
    return shares


def _counts(metric: str) -> bool:
    return not metric.startswith(_FOR_NOTHING)


def _against(metric: str, value: float, difference: Resampled, *, items: Items) -> Json:
    if not np.isfinite(difference.whole):
        return {"value": value, "difference": None}
    low, high = interval(difference) or (None, None)
    change = {"value": difference.whole, "low": low, "high": high}
    return {"value": value, "difference": with_verdict(metric, change, items)}
