"""The losses of a step where every rank has its share of the pictures, and its own rows of similarities."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from pacl_core.objective import local_partition_loss
from pacl_core.objective.anchors import select_anchors
from pacl_core.objective.filters import image_keys, text_keys
from pacl_core.shards.read import Samples
from pacl_core.training.batches import Rows
from pacl_core.training.losses import Losses
from pacl_core.training.projectors import embed
from pacl_core.training.ranks import Ranks
from pacl_core.training.temperature import LearnedTemperature


def share_of_losses(
    features: Callable[[Tensor], Tensor],
    projectors: nn.ModuleDict,
    images: Tensor,
    batches: Mapping[str, Rows],
    samples: Samples,
    temperature: float | LearnedTemperature,
    losses: Losses,
    group: Ranks,
) -> Tensor:
    """This rank's summand of the batches' summed losses, with its graph; the losses go to `losses`.

    `batches` are those of all ranks, `images` this rank's share of their pictures. Per batch of B and N
    ranks, memory holds B / N rows of similarities in each direction.
    """
    own = group.own(batches)
    text_TD = torch.from_numpy(np.array(samples.texts[np.concatenate(list(own.values()))])).to(images.device)
    z_v, z_t = embed(projectors, features(images).float(), text_TD)
    tau = temperature if isinstance(temperature, float) else temperature()
    terms = []
    start = 0
    for partition, rows in batches.items():
        here = slice(start, start + len(own[partition]))
        start = here.stop
        both = group.gather(torch.stack([z_v[here], z_t[here]], dim=1), len(rows))
        image_rows, text_rows = z_v[here] @ both[:, 1].T, z_t[here] @ both[:, 0].T
        best = torch.stack([text_rows.detach().argmax(dim=1), image_rows.detach().argmax(dim=1)], dim=1)
        best_image_T, best_text_V = group.gather(best, len(rows)).unbind(dim=1)
        factual = torch.from_numpy(samples.factual_labels[rows]).to(images.device)
        emotional = torch.from_numpy(samples.emotional_labels[rows]).to(images.device)
        offset = group.share(len(rows)).start
        arguments = (partition, factual, emotional, best_image_T, best_text_V)
        loss = local_partition_loss(image_rows, text_rows, offset, *arguments, tau) / len(rows)
        terms.append(loss)
        losses.terms[partition] = group.add_up(loss.detach().clone())
        for name, share in best_shares(*arguments).items():
            losses.shares[f"{name}/{partition}"] = share
        alone = group.add_up(_without_negatives(group.share(len(rows)), *arguments))
        losses.shares[f"without_negatives/{partition}"] = alone / (2 * len(rows))
    return torch.stack(terms).sum()


def _without_negatives(
    own: slice,
    partition: str,
    factual_labels: Tensor,
    emotional_labels: Tensor,
    best_image_T: Tensor,
    best_text_V: Tensor,
) -> Tensor:
    """How many of the `own` anchors, images and texts, have no negative."""
    images = image_keys(factual_labels, emotional_labels, best_text_V)
    texts = text_keys(factual_labels, emotional_labels, best_image_T)
    count = torch.zeros((), device=factual_labels.device)
    for sides in ((images, texts, best_text_V), (texts, images, best_image_T)):
        anchors = select_anchors(own, partition, *sides)
        negatives = anchors.negatives(slice(None)).scatter_(1, anchors.positive[:, None], False)
        count += (~negatives.any(dim=1)).sum()
    return count


def best_shares(
    partition: str,
    factual_labels: Tensor,
    emotional_labels: Tensor,
    best_image_T: Tensor,
    best_text_V: Tensor,
) -> dict[str, Tensor]:
    """What `objective.batch_shares` says, from the best matches alone, in O(B)."""
    shares: dict[str, Tensor] = {}
    if len(best_image_T) > 1:
        if partition in ("partial_emotional", "weak"):
            shares["excluded_by_factual"] = _agreeing(factual_labels, best_image_T)
        if partition in ("partial_factual", "weak"):
            shares["excluded_by_emotional"] = _agreeing(emotional_labels, best_text_V)
    if partition == "weak":
        partner = torch.arange(len(best_image_T), device=best_image_T.device)
        moved_V, moved_T = best_text_V != partner, best_image_T != partner
        shares["rebuilt"] = 0.5 * moved_V.float().mean() + 0.5 * moved_T.float().mean()
    return shares


def _agreeing(labels: Tensor, best: Tensor) -> Tensor:
    """Of the pairs (a, b) with a != b, the share where the label of `best[a]` is that of b."""
    _, labels, counts = torch.unique(labels, return_inverse=True, return_counts=True)
    agreeing: Tensor = counts[labels[best]].sum() - (labels[best] == labels).sum()
    return agreeing / (len(labels) * (len(labels) - 1))
