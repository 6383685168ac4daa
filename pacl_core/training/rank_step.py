"""The losses of a step where every rank has its share of the images, and its own rows of similarities."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from pacl_core.methods.pacl.objective import local_partition_loss
from pacl_core.methods.pacl.objective.anchors import select_anchors
from pacl_core.methods.pacl.objective.filters import image_keys, text_keys
from pacl_core.methods.pacl.shards.read import Samples
from pacl_core.training.batches import Rows
from pacl_core.training.distributed import Ranks
from pacl_core.training.losses import Losses
from pacl_core.training.projectors import embed
from pacl_core.training.temperature import LearnedTemperature


def share_of_losses(
    features: Callable[[Tensor], Tensor],
    projectors: nn.ModuleDict,
    images: Tensor,
    batches: Mapping[str, Rows],
    samples: Samples,
    temperature: float | LearnedTemperature,
    losses: Losses,
    mixed: bool,
    group: Ranks,
) -> Tensor:
    """This rank's summand of the batches' summed losses, with its graph; the losses go to `losses`.

    `batches` are those of all ranks, `images` this rank's share of their images. An anchor's candidates
    are its partition's batch, `mixed` those of all partitions. Per B candidates and N ranks, memory holds
    B / N rows of similarities in each direction.
    """
    own = group.own(batches)
    text_TD = torch.from_numpy(np.array(samples.texts[np.concatenate(list(own.values()))])).to(images.device)
    z_v, z_t = embed(projectors, features(images).float(), text_TD)
    tau = temperature if isinstance(temperature, float) else temperature()
    sizes = [len(rows) for rows in own.values()]
    shares = dict(
        zip(batches, zip(torch.split(z_v, sizes), torch.split(z_t, sizes), strict=True), strict=True)
    )
    terms = []
    for among in [batches] if mixed else [{partition: rows} for partition, rows in batches.items()]:
        local = {partition: shares[partition] for partition in among}
        terms += _terms(local, among, samples, tau, losses, group)
    return torch.stack(terms).sum()


def _terms(
    local: Mapping[str, tuple[Tensor, Tensor]],
    batches: Mapping[str, Rows],
    samples: Samples,
    temperature: float | Tensor,
    losses: Losses,
    group: Ranks,
) -> list[Tensor]:
    """This rank's summand of the loss of each partition, where all of `batches` are candidates.

    `local`: partition -> this rank's z_v and z_t, each [b, dim].
    """
    gathered = [group.gather(torch.stack(local[name], dim=1), len(rows)) for name, rows in batches.items()]
    all_v, all_t = torch.cat(gathered).unbind(dim=1)
    rows_of = {name: (z_v @ all_t.T, z_t @ all_v.T) for name, (z_v, z_t) in local.items()}
    best = []
    for name, rows in batches.items():
        best_text, best_image = (similarity.detach().argmax(dim=1) for similarity in rows_of[name])
        best.append(group.gather(torch.stack([best_image, best_text], dim=1), len(rows)))
    best_image_T, best_text_V = torch.cat(best).unbind(dim=1)
    order = np.concatenate(list(batches.values()))
    factual = torch.from_numpy(samples.factual_labels[order]).to(all_v.device)
    emotional = torch.from_numpy(samples.emotional_labels[order]).to(all_v.device)
    terms = []
    start = 0
    for name, rows in batches.items():
        share = group.share(len(rows))
        own = slice(start + share.start, start + share.stop)
        arguments = (name, factual, emotional, best_image_T, best_text_V)
        image_rows, text_rows = rows_of[name]
        loss = local_partition_loss(image_rows, text_rows, own.start, *arguments, temperature)
        terms.append(loss / len(rows))
        losses.terms[name] = group.add_up(terms[-1].detach().clone())
        for key, value in best_shares(slice(start, start + len(rows)), *arguments).items():
            losses.shares[f"{key}/{name}"] = value
        lacking = group.add_up(_without_negatives(own, *arguments)) / (2 * len(rows))
        losses.shares[f"without_negatives/{name}"] = lacking
        start += len(rows)
    return terms


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
    own: slice,
    partition: str,
    factual_labels: Tensor,
    emotional_labels: Tensor,
    best_image_T: Tensor,
    best_text_V: Tensor,
) -> dict[str, Tensor]:
    """What `objective.batch_shares` says, of the `own` anchors, from the best matches alone in O(B)."""
    shares: dict[str, Tensor] = {}
    images = image_keys(factual_labels, emotional_labels, best_text_V)
    texts = text_keys(factual_labels, emotional_labels, best_image_T)
    if len(best_image_T) > 1:
        if partition in ("partial_emotional", "weak"):
            shares["excluded_by_factual"] = _agreeing(images.factual, texts.factual)[own].mean()
        if partition in ("partial_factual", "weak"):
            shares["excluded_by_emotional"] = _agreeing(images.emotional, texts.emotional)[own].mean()
    if partition == "weak":
        partner = torch.arange(len(best_image_T), device=best_image_T.device)
        moved_V, moved_T = best_text_V != partner, best_image_T != partner
        shares["rebuilt"] = 0.5 * moved_V[own].float().mean() + 0.5 * moved_T[own].float().mean()
    return shares


def _agreeing(image_keys_V: Tensor, text_keys_T: Tensor) -> Tensor:
    """[B]: of each pair's candidates but its partner, texts and images, the share with the anchor's key."""
    size = len(image_keys_V)
    keys = torch.cat([image_keys_V, text_keys_T])
    number = torch.unique(keys, return_inverse=True)[1]
    image_V, text_T = number[:size], number[size:]
    partner = (image_V == text_T).long()
    of_images: Tensor = torch.bincount(text_T, minlength=2 * size)[image_V] - partner
    of_texts: Tensor = torch.bincount(image_V, minlength=2 * size)[text_T] - partner
    return (of_images + of_texts) / (2 * (size - 1))
