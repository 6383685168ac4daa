"""Test pictures that prompts classify right and wrong, drawn at random among each."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pacl_core.evaluation.predictions import Predictions


def draw_outcomes(
    predictions: Predictions, classes: Sequence[str], count: int, seed: int
) -> tuple[list[dict[str, Any]], float]:
    """At most `count` right and `count` wrong items drawn by `seed`, and the share of all that is right.

    Each with `item_id`, `right`, `label`, `predicted` and `confidence`, the probability of what is
    predicted (ties: the first class). Of the first seed's predictions.
    """
    shares_NC = predictions.prediction[0]
    found = shares_NC.argmax(axis=1)
    truth = predictions.target[:, 0].astype(int)
    right = found == truth
    generator = np.random.default_rng(seed)
    rows = []
    for wanted in (True, False):
        for place in generator.permutation(np.flatnonzero(right == wanted))[:count].tolist():
            rows.append(
                {
                    "item_id": predictions.item_ids[place],
                    "right": wanted,
                    "label": classes[truth[place]],
                    "predicted": classes[found[place]],
                    "confidence": round(float(shares_NC[place, found[place]]), 4),
                }
            )
    return rows, float(right.mean())
