"""Predicted ratings over the time of a film, smoothed where the data set's record says so.

LIRIS-ACCEDE has a rating a second. The published code of EmotionCLIP smooths the predictions for all test
films as one series, across their borders; here each film is a series of its own.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacl_core.evaluation.predictions import Outcome, Predictions
from pacl_core.files.json_csv import read_json
from pacl_core.files.tables import read_table

Array = NDArray[Any]


def smoothed(outcomes: Sequence[Outcome], dataset: Path) -> list[Outcome]:
    """The outcomes of a stored data set, those of regression smoothed film by film if its description says
    how; else as they are."""
    given = read_json(dataset.with_suffix(".json")).get("smooth")
    if given is None:
        return list(outcomes)
    table = read_table(dataset, columns=["item_id", "group", "times"])
    films = dict(zip(table["item_id"].to_pylist(), table["group"].to_pylist(), strict=True))
    middles = [float(np.mean(times)) for times in table["times"].to_pylist()]
    times = dict(zip(films, middles, strict=True))

    def of_split(part: Predictions) -> Predictions:
        series = [films[item] for item in part.item_ids]
        when = np.array([times[item] for item in part.item_ids])
        return replace(part, prediction=smooth(part.prediction, series, when, **given))

    def of_films(one: Outcome) -> Outcome:
        parts = [of_split(part) for part in one.predictions]
        return replace(one, predictions=parts, chosen=one.chosen | {"smooth": given})

    return [of_films(one) if one.task.kind == "regression" else one for one in outcomes]


def smooth(values: Array, series: Sequence[str], times: Array, *, window: int, order: int) -> Array:
    """Values [S, N, C] filtered along N, within each series, in the order of its times.

    Savitzky-Golay: a polynomial of `order` over `window` items. A series shorter than the window has one of
    its own length (an odd number), and one that is not longer than the order stays as it is.
    """
    from scipy.signal import savgol_filter  # loads for a second

    found = np.array(values, np.float64)
    names = np.array(series, object)
    for name in dict.fromkeys(series):
        places = np.flatnonzero(names == name)
        places = places[np.argsort(times[places], kind="stable")]
        fitting = min(window, len(places) - 1 + len(places) % 2)
        if fitting > order:
            found[:, places] = savgol_filter(found[:, places], fitting, order, axis=1)
    return found
