"""Few labels: convex probes fitted on a few items of the training split, drawn several times.

What a better representation is for: the same test items as in the linear protocol, by a probe that saw 16 or
64 labels. The draws are the same for every variant, as they depend on the data set alone, and those of more
labels hold those of fewer. The penalty is chosen on as many validation items as there are labels, at most.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pacl_core.datasets.task_data import TaskData
from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.predictions import NotApplicableError, Outcome, Predictions, over_folds
from pacl_core.evaluation.protocols.downstream_data import DownstreamData
from pacl_core.evaluation.protocols.heads import head_prediction
from pacl_core.evaluation.protocols.probes import fit_convex
from pacl_core.models.precision import full_float32

log = logging.getLogger(__name__)

DRAWS = 10


def run(
    tasks: Sequence[Task], downstream: DownstreamData, labels: Sequence[int], *, device: str
) -> list[Outcome]:
    """Test predictions [draws, N, C]: an outcome per task and number of labels, named "<task>, 16 labels".

    A number that a task's training items do not reach is left out. Raises `NotApplicableError` where none is
    left, `UserError` for an empty split or features without a direction.
    """
    full_float32()
    outcomes = []
    for task in tasks:
        rounds = downstream.rounds(task)
        most = min(len(one.rows["train"]) for one in rounds)
        for count in labels:
            if count > most:
                log.warning("task '%s': %d items to draw %d labels from: left out", task.name, most, count)
                continue
            outcomes.append(over_folds([_outcome(one, downstream, count, device=device) for one in rounds]))
    if not outcomes:
        raise NotApplicableError(
            f"{downstream.dataset.stem} has too few training items for evaluate.few_shot"
        )
    return outcomes


def drawn(own: TaskData, split: str, count: int, *, draw: int) -> NDArray[np.intp]:
    """Rows [count] of a split, drawn without replacement; of a single label, classes in their proportions."""
    rows = own.rows[split]
    chance = np.random.default_rng((draw, len(split)))
    order = chance.permutation(len(rows))
    place = np.empty(len(rows))
    classes = own.target[rows, 0] if own.task.kind == "single_label" else np.zeros(len(rows))
    for index in np.unique(classes):
        of_class = order[classes[order] == index]
        place[of_class] = (np.arange(len(of_class)) + chance.random()) / len(of_class)
    chosen: NDArray[np.intp] = rows[np.argsort(place, kind="stable")[:count]]
    return chosen


def _outcome(own: TaskData, downstream: DownstreamData, count: int, *, device: str) -> Outcome:
    task = replace(own.task, name=f"{own.task.name}, {count} labels")
    test = downstream.examples(own, "test", device)
    predictions, chosen = [], []
    for draw in range(DRAWS):
        few = {split: drawn(own, split, count, draw=draw) for split in ("train", "val")}
        train, val = (downstream.examples(replace(own, rows=few), split, device) for split in few)
        heads, penalty = fit_convex(own.task, train, val)
        outputs = heads.outputs(test.features)[0]
        predictions.append(head_prediction(own.task)(outputs).double().cpu().numpy())
        chosen.append(penalty)
    rows = own.rows["test"]
    item_ids = [own.item_ids[row] for row in rows]
    on_test = Predictions(task.name, "test", item_ids, own.target[rows], np.stack(predictions))
    return Outcome(task, [on_test], {"labels": count, "draws": chosen})
