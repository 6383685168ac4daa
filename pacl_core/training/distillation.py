"""Terms by which several networks learn one task together and become like each other."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import mse_loss

Stages = Sequence[Tensor]
"""Maps x1, x2, ... of a backbone's stages, `[B, C, H, W]` each."""


class Outputs(NamedTuple):
    """What a network makes of a batch; `logits` [B, K] are those of its head."""

    stages: Stages
    logits: Tensor


def distillation_terms(
    student: Outputs,
    teachers: Mapping[str, Outputs],
    target_losses: Mapping[str, Tensor],
    *,
    features: Mapping[str, Sequence[int]],
    logits: Sequence[str],
) -> dict[str, Tensor]:
    """Name -> a scalar with its graph, all to be added up; nothing is detached, so teachers move too.

    `features`: the stages, counted from 1, in which the student is like a teacher. `logits`: the teachers
    whose logits it is like. `target_losses`: of the task, by network.
    """
    return {
        **feature_terms(student.stages, {name: one.stages for name, one in teachers.items()}, features),
        **{f"logits_{name}": _apart(student.logits, teachers[name].logits) for name in logits},
        **{f"target_{name}": loss for name, loss in target_losses.items()},
    }


def feature_terms(
    student: Stages, teachers: Mapping[str, Stages], features: Mapping[str, Sequence[int]]
) -> dict[str, Tensor]:
    """`feature_<teacher>_f<stage>` -> the mean squared difference of that stage, counted from 1."""
    return {
        f"feature_{name}_f{stage}": _apart(student[stage - 1], teachers[name][stage - 1])
        for name, stages in features.items()
        for stage in stages
    }


def _apart(one: Tensor, other: Tensor) -> Tensor:
    """The mean of squares over images and elements, in float32 at least."""
    if one.shape != other.shape:
        raise ValueError(f"a student's {tuple(one.shape)} is compared with a teacher's {tuple(other.shape)}")
    half = one.dtype.itemsize < 4
    return mse_loss(one.float(), other.float()) if half else mse_loss(one, other)
