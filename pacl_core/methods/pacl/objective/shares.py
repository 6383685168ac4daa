"""What the filters and the rebuilt positives do to a batch, as shares for the training curves."""

import torch
from torch import Tensor

from pacl_core.methods.pacl.objective.filters import emotional_filter, factual_filter, off_diagonal

_FACTUAL = ("partial_emotional", "weak")
_EMOTIONAL = ("partial_factual", "weak")


def batch_shares(
    similarity: Tensor, partition: str, factual_labels: Tensor, emotional_labels: Tensor
) -> dict[str, Tensor]:
    """Shares in [0, 1] that apply to `partition`, scalar tensors. Arguments as in `partition_loss`.

    `excluded_by_factual`, `excluded_by_emotional`: of the pairs not posted together, those that F or E
    keeps from being negatives (absent for a single sample); `rebuilt`: of the weak anchors, images and
    texts, those whose positive is not the original partner.
    """
    shares: dict[str, Tensor] = {}
    others = off_diagonal(similarity)
    if len(similarity) > 1:
        if partition in _FACTUAL:
            shares["excluded_by_factual"] = factual_filter(similarity, factual_labels)[others].float().mean()
        if partition in _EMOTIONAL:
            shares["excluded_by_emotional"] = (
                emotional_filter(similarity, emotional_labels)[others].float().mean()
            )
    if partition == "weak":
        partner = torch.arange(len(similarity), device=similarity.device)
        moved_V = similarity.detach().argmax(dim=1) != partner
        moved_T = similarity.detach().argmax(dim=0) != partner
        shares["rebuilt"] = 0.5 * moved_V.float().mean() + 0.5 * moved_T.float().mean()
    return shares
