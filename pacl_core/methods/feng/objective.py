"""Amalgamation (Feng et al. 3.5): a student b and specialists st, ho, hp learn a task and pull on each other.

L = mse(b.f2, st.f2) + mse(b.f3, ho.f3) + mse(b.f4, hp.f4)      Eq. 4, features
  + mse(b.logits, hp.logits)                                    Eq. 5, logits
  + T(b) + T(st) + T(ho) + T(hp)                                Eq. 6, the task's own loss T

Eq. 5 prints a squared norm; the published code takes the mean over classes, and so does this.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from torch import Tensor

from pacl_core.training.distillation import Outputs, distillation_terms

FEATURES: Mapping[str, Sequence[int]] = MappingProxyType({"st": (2,), "ho": (3,), "hp": (4,)})
"""The stage, counted from 1, in which the student is like each specialist (Eq. 4)."""
LOGITS = ("hp",)
"""The specialists whose logits the student's are like (Eq. 5)."""


def amalgamation_loss(
    student: Outputs,
    st: Outputs,
    ho: Outputs,
    hp: Outputs,
    target_losses: Mapping[str, Tensor],
    *,
    features: Mapping[str, Sequence[int]] = FEATURES,
    logits: Sequence[str] = LOGITS,
) -> dict[str, Tensor]:
    """The terms of Eq. 6 by name, scalars; their sum is the loss.

    `feature_<specialist>_f<stage>` and `logits_<specialist>` are means over images and elements,
    `target_<network>` those of `target_losses`, whose keys are of student, st, ho, hp. Gradients flow into
    the specialists too. A term that is left out of `features`, `logits` or `target_losses` is off. For label
    distributions, `logits` of the outputs are logarithms of probabilities.
    """
    specialists = {"st": st, "ho": ho, "hp": hp}
    return distillation_terms(student, specialists, target_losses, features=features, logits=logits)
