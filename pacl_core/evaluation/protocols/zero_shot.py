"""The zero-shot protocol (paper Table 3): class prompts against images, nothing fitted."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pacl_core.datasets.task_data import TaskData, read_task_data
from pacl_core.datasets.tasks import Task
from pacl_core.evaluation.predictions import NotApplicableError, Outcome, Predictions
from pacl_core.evaluation.protocols.prompts import class_names, class_prompts
from pacl_core.models.joint_space import JointSpace, load_joint_space
from pacl_core.params.evaluation import ZeroShotParams


def run(
    tasks: Sequence[Task],
    dataset: Path,
    features: NDArray[np.float32],
    *,
    model: Path,
    params: ZeroShotParams,
    excluded: Collection[str],
    device: str,
) -> list[Outcome]:
    """Test predictions [1, N, C] of every single-label task, an outcome per prompt and one of the ensemble.

    `features` [N, D] are the model's raw pooled ones of the whole data set. Images go through projector
    q_v and prompts through q_t; a CLIP model without projectors uses its own. Raises `NotApplicableError`
    where there is no such task or no way from images to texts, `UserError` for a prompt without [C].
    """
    chosen = [task for task in tasks if task.kind == "single_label"]
    if not chosen:
        raise NotApplicableError(f"{dataset.stem} has no single-label task")
    data = [read_task_data(task, dataset, excluded) for task in chosen]
    space = load_joint_space(model, device)
    if space is None:
        raise NotApplicableError(f"{model.name} has no projectors and is no CLIP model")
    return [outcome for own in data for outcome in _outcomes(own, features, space, params=params)]


def _outcomes(
    own: TaskData, features: NDArray[np.float32], space: JointSpace, *, params: ZeroShotParams
) -> list[Outcome]:
    names = class_names(own.task)
    images_ND = space.images(features[own.rows["test"]])
    vectors_PCD = np.stack([space.texts(class_prompts(prompt, names)) for prompt in params.prompts])
    outcomes = [
        _outcome(
            own,
            f"prompt {number}",
            {"prompt": prompt},
            shares=_shares(images_ND, vectors_PCD[number - 1], space),
        )
        for number, prompt in enumerate(params.prompts, start=1)
    ]
    if params.ensemble and len(params.prompts) > 1:
        mean_CD = vectors_PCD.mean(axis=0)
        mean_CD /= np.linalg.norm(mean_CD, axis=1, keepdims=True)
        described = {"prompt": "ensemble"}
        outcomes.append(_outcome(own, "ensemble", described, shares=_shares(images_ND, mean_CD, space)))
    return outcomes


def _shares(
    images_ND: NDArray[np.float32], texts_CD: NDArray[np.float32], space: JointSpace
) -> NDArray[np.float64]:
    """Softmax over classes of cosine / temperature, [N, C]."""
    logits_NC = space.scale * (images_ND @ texts_CD.T).astype(np.float64)
    raised: NDArray[np.float64] = np.exp(logits_NC - logits_NC.max(axis=1, keepdims=True))
    raised /= raised.sum(axis=1, keepdims=True)
    return raised


def _outcome(own: TaskData, which: str, described: dict[str, str], *, shares: NDArray[np.float64]) -> Outcome:
    task = replace(own.task, name=f"{own.task.name}, {which}")
    rows = own.rows["test"]
    item_ids = [own.item_ids[row] for row in rows]
    predictions = Predictions(task.name, "test", item_ids, own.target[rows], shares[None])
    return Outcome(task, [predictions], {**described, "class_names": list(class_names(own.task))})
