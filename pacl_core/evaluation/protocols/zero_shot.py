"""Zero-shot classification (paper Table 3): images against class prompts, nothing is fitted.

The protocol, and the arithmetic that `pacl predict` shares with it to the bit.

Ratings of valence and arousal are scored too: the cosine to prompts of moods that are high in it, minus that
to prompts of moods that are low. The moods are the opposite adjectives of the semantic differential scales of
pleasure and arousal (Mehrabian and Russell, An Approach to Environmental Psychology, 1974; Bradley and Lang
1994), so that each high one has its low one.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pacl_core.datasets.task_data import TaskData
from pacl_core.datasets.tasks import Task, dimension
from pacl_core.errors import UserError
from pacl_core.evaluation.predictions import NotApplicableError, Outcome, Predictions
from pacl_core.evaluation.protocols.downstream_data import DownstreamData
from pacl_core.models.joint_space import JointSpace, load_joint_space
from pacl_core.params.evaluation import ZeroShotParams

CLASS = "[C]"  # where a prompt names the class

# dimension -> pairs of a high and a low mood
MOODS = {
    "valence": (
        ("happy", "unhappy"),
        ("pleased", "annoyed"),
        ("satisfied", "unsatisfied"),
        ("contented", "melancholic"),
        ("hopeful", "despairing"),
        ("relaxed", "bored"),
    ),
    "arousal": (
        ("stimulated", "relaxed"),
        ("excited", "calm"),
        ("frenzied", "sluggish"),
        ("jittery", "dull"),
        ("wide awake", "sleepy"),
        ("aroused", "unaroused"),
    ),
}

Vectors = NDArray[np.float32]


def prompt_vectors(space: JointSpace, prompt: str, names: Sequence[str]) -> Vectors:
    """Unit vectors [C, E] of one prompt for each class. Raises `UserError` for a prompt without a [C]."""
    if CLASS not in prompt:
        raise UserError(f"evaluate.zero_shot.prompts: '{prompt}' has no {CLASS}; put it where the class goes")
    return space.texts([prompt.replace(CLASS, name) for name in names])


def ensemble(vectors_PCE: Sequence[Vectors]) -> Vectors:
    """Unit vectors [C, E] of classes from those of each prompt: their mean; of a single prompt, its own."""
    if len(vectors_PCE) == 1:
        return vectors_PCE[0]
    mean_CE: Vectors = np.mean(vectors_PCE, axis=0)
    mean_CE /= np.linalg.norm(mean_CE, axis=1, keepdims=True)
    return mean_CE


def class_probabilities(images_NE: Vectors, classes_CE: Vectors, scale: float) -> NDArray[np.float64]:
    """Softmax [N, C] over classes of cosine / temperature, of unit vectors; `scale` is 1 / temperature."""
    logits_NC = scale * (images_NE @ classes_CE.T).astype(np.float64)
    raised: NDArray[np.float64] = np.exp(logits_NC - logits_NC.max(axis=1, keepdims=True))
    raised /= raised.sum(axis=1, keepdims=True)
    return raised


def run(
    tasks: Sequence[Task], downstream: DownstreamData, model: Path, *, params: ZeroShotParams, device: str
) -> list[Outcome]:
    """Test predictions [1, N, C] of every single-label task, an outcome per prompt and one of the ensemble;
    and one outcome of the kind `score` for the valence and arousal of every regression.

    Images go through projector q_v and prompts through q_t; a CLIP model without projectors uses its own.
    Raises `NotApplicableError` without such a task or without a way from images to texts, `UserError` for
    a prompt without [C].
    """
    single_label = [task for task in tasks if task.kind == "single_label"]
    rated = [task for task in map(_rated, tasks) if task is not None]
    if not single_label and not rated:
        raise NotApplicableError(
            f"{downstream.dataset.stem} has no single-label task and no ratings of {' or '.join(MOODS)}"
        )
    data = [downstream.rounds(task) for task in (*single_label, *rated)]
    space = load_joint_space(model, device)
    if space is None:
        raise NotApplicableError(f"{model.name} has no projectors and is no CLIP model")
    return [
        outcome
        for of_task in data
        for outcome in (_scores if of_task[0].task.kind == "score" else _outcomes)(
            of_task, downstream.features, space, params=params
        )
    ]


def mood_direction(space: JointSpace, prompts: Sequence[str], rated: str) -> Vectors:
    """[E]: the unit mean of all prompts with a high mood of the dimension, minus that with a low one."""
    high_E, low_E = (
        ensemble([one for prompt in prompts for one in prompt_vectors(space, prompt, moods)[:, None]])[0]
        for moods in zip(*MOODS[rated], strict=True)
    )
    found: Vectors = high_E - low_E
    return found


def _rated(task: Task) -> Task | None:
    """The columns of a regression that there are moods for, as a task of the kind `score`."""
    columns = tuple(column for column in task.columns if dimension(column) in MOODS)
    if task.kind != "regression" or not columns:
        return None
    return replace(task, name=f"{task.name}, moods", kind="score", columns=columns)


def _scores(
    of_task: Sequence[TaskData], features: Vectors, space: JointSpace, *, params: ZeroShotParams
) -> list[Outcome]:
    own = of_task[0]
    rows = np.concatenate([one.rows["test"] for one in of_task])
    rated = [dimension(column) for column in own.task.columns]
    directions_KE = np.stack([mood_direction(space, params.prompts, one) for one in rated])
    predictions = Predictions(
        task=own.task.name,
        split="test",
        item_ids=[own.item_ids[row] for row in rows],
        target=own.target[rows],
        prediction=(space.images(features[rows]) @ directions_KE.T).astype(np.float64)[None],
    )
    moods = {one: [list(pair) for pair in MOODS[one]] for one in rated}
    return [Outcome(own.task, [predictions], {"prompt": "moods, high minus low", "moods": moods})]


def _outcomes(
    of_task: Sequence[TaskData], features: Vectors, space: JointSpace, *, params: ZeroShotParams
) -> list[Outcome]:
    own = of_task[0]
    # the names of the classes in prompts
    names = own.task.words or own.task.classes or ()
    rows = np.concatenate([one.rows["test"] for one in of_task])  # of all folds, in their order
    images_NE = space.images(features[rows])
    vectors_PCE = [prompt_vectors(space, prompt, names) for prompt in params.prompts]
    shown = [
        (f"prompt {number}", prompt, vectors_CE)
        for number, (prompt, vectors_CE) in enumerate(zip(params.prompts, vectors_PCE, strict=True), start=1)
    ]
    if params.ensemble and len(params.prompts) > 1:
        shown.append(("ensemble", "ensemble", ensemble(vectors_PCE)))
    outcomes = []
    for which, prompt, classes_CE in shown:
        task = replace(own.task, name=f"{own.task.name}, {which}")
        predictions = Predictions(
            task=task.name,
            split="test",
            item_ids=[own.item_ids[row] for row in rows],
            target=own.target[rows],
            prediction=class_probabilities(images_NE, classes_CE, space.scale)[None],
        )
        outcomes.append(Outcome(task, [predictions], {"prompt": prompt, "class_names": list(names)}))
    return outcomes
