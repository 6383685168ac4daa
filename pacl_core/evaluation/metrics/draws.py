"""Intervals that cover the draws of labels too: items and draws are resampled, each with replacement.

With few labels the labels decide as much as the items: another 16 give another probe. Every draw is tested on
every item, so both are resampled independently (the pigeonhole bootstrap, Owen 2007, which errs on the wide
side). Draws are the same for every variant, and so are their resamples: a difference is paired in both. BCa
takes its skew from both, as `scipy.stats.bootstrap` does of two samples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.metrics.intervals import Floats, Resampled, bootstrap
from pacl_core.evaluation.predictions import Predictions


def draws_of(test: Predictions, chosen: Mapping[str, Any]) -> int:
    """How many draws of labels each training's predictions are of; 1 where each is fitted on all labels.

    `chosen`: what validation has chosen, of each fold where there are folds.
    """
    return len(test.prediction) // test.trainings if "draws" in chosen.get("folds", [chosen])[0] else 1


def bootstrap_of(
    task: Task, test: Predictions, chosen: Mapping[str, Any], *, count: int
) -> dict[str, Resampled]:
    """Each metric's mean on `count` resamples: of items, and of draws where the predictions are of draws."""
    draws, trainings = draws_of(test, chosen), test.trainings
    if draws == 1:
        return bootstrap(task, test.target, test.prediction, count=count, seed=0, trainings=trainings)
    # predictions are by training, then by draw
    alone = [
        bootstrap(task, test.target, test.prediction[draw::draws], count=count, seed=0)
        for draw in range(draws)
    ]
    found = {name: over_draws([one[name] for one in alone]) for name in alone[0]}
    if trainings > 1:
        whole = bootstrap(task, test.target, test.prediction, count=1, seed=0, trainings=trainings)
        found = {name: replace(one, seeds=whole[name].seeds) for name, one in found.items()}
    return found


def over_draws(alone: Sequence[Resampled]) -> Resampled:
    """The mean over draws as one metric, from that of each draw on the same resamples of items."""
    draws, values_DR = len(alone), np.stack([one.values for one in alone])
    weights_DR = _weights(draws, values_DR.shape[1])
    # a draw without a value counts only where it is taken
    values = np.where(weights_DR > 0, values_DR * weights_DR, 0.0).sum(axis=0)
    whole_D = np.array([one.whole for one in alone])
    left_out = None
    per_draw = [one.left_out for one in alone if one.left_out is not None]
    if draws > 1 and len(per_draw) == draws:
        without_D = (whole_D.sum() - whole_D) / (draws - 1)
        left_out = np.concatenate([_centred(np.mean(per_draw, axis=0)), _centred(without_D)])
    return replace(alone[0], values=values, whole=float(whole_D.mean()), left_out=left_out)


def _weights(draws: int, count: int) -> Floats:
    """[D, R]: the share that each draw has of a resample of as many."""
    taken = np.random.default_rng(draws).multinomial(draws, np.full(draws, 1 / draws), size=count)
    weights: Floats = taken.T / draws
    return weights


def _centred(left_out: Floats) -> Floats:
    """Of one of several samples: what each item or draw adds to the skew, whatever the size of its sample."""
    centred: Floats = (left_out - left_out.mean()) * (len(left_out) - 1) / len(left_out)
    return centred
