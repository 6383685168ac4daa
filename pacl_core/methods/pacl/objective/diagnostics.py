"""What the filters and the rebuilt positives do to a batch, as fractions for the training curves.

All of it follows from the keys of both modalities (`filters.Keys`): the number of candidates that share an
anchor's key is a count per key, so a batch of B costs O(B log B) and no matrix is built.
"""

import torch
from torch import Tensor

from pacl_core.methods.pacl.objective.filters import BestMatches, Keys, Labels, image_keys, text_keys
from pacl_core.methods.pacl.partitions import REBUILDS, USES_EMOTIONAL, USES_FACTUAL


def batch_diagnostics(own: slice, partition: str, labels: Labels, *, best: BestMatches) -> dict[str, Tensor]:
    """Fractions in [0, 1], scalars, for the `own` samples of a batch as anchors of `partition`.

    `labels` and `best` are of the whole batch, whose other samples are candidates whatever their own
    partition. `excluded_by_factual`, `excluded_by_emotional`: of an anchor's other candidates, those that F
    or E keeps from being negatives (absent for a batch of one); `rebuilt`: of the anchors, images and
    texts, those whose positive is not their partner; `without_negatives`: those without any, whose loss is 0.
    """
    images, texts = image_keys(labels, best), text_keys(labels, best)
    partner = torch.arange(len(best.image_T), device=best.image_T.device)
    found: dict[str, Tensor] = {}
    if len(partner) > 1:
        if partition in USES_FACTUAL:
            found["excluded_by_factual"] = _agreeing(images.factual, texts.factual)[own].mean()
        if partition in USES_EMOTIONAL:
            found["excluded_by_emotional"] = _agreeing(images.emotional, texts.emotional)[own].mean()
    if partition in REBUILDS:
        moved_V, moved_T = best.text_V != partner, best.image_T != partner
        found["rebuilt"] = 0.5 * moved_V[own].float().mean() + 0.5 * moved_T[own].float().mean()
    of_images = _negatives(partition, images, texts, best=best.text_V)[own]
    of_texts = _negatives(partition, texts, images, best=best.image_T)[own]
    lacking_V, lacking_T = (of_images == 0).float().mean(), (of_texts == 0).float().mean()
    found["without_negatives"] = 0.5 * lacking_V + 0.5 * lacking_T
    return found


def _agreeing(image_keys_V: Tensor, text_keys_T: Tensor) -> Tensor:
    """[B]: of each pair's candidates (texts and images) without its partner, the fraction with its key."""
    image_V, text_T = _numbered(image_keys_V, text_keys_T)
    partner = (image_V == text_T).long()
    of_images: Tensor = _holders(text_T, image_V) - partner
    of_texts: Tensor = _holders(image_V, text_T) - partner
    return (of_images + of_texts) / (2 * (len(image_V) - 1))


def _negatives(partition: str, anchors: Keys, candidates: Keys, *, best: Tensor) -> Tensor:
    """[B] int64: how many negatives each sample has as an anchor of one modality.

    Those are the candidates that no filter of the partition excludes, without partner and positive.
    """
    used = [
        _numbered(own, others)
        for uses, own, others in (
            (USES_FACTUAL, anchors.factual, candidates.factual),
            (USES_EMOTIONAL, anchors.emotional, candidates.emotional),
        )
        if partition in uses
    ]
    count = torch.full_like(best, len(best))
    for own, others in used:
        count -= _holders(others, own)
    if len(used) == 2:  # candidates that both filters exclude were subtracted twice
        (f_own, f_others), (e_own, e_others) = used
        width = 2 * len(best)
        own, others = _numbered(f_own * width + e_own, f_others * width + e_others)
        count += _holders(others, own)

    def left(places: Tensor) -> Tensor:
        """[B] bool: whether no filter excludes the candidate at each anchor's place."""
        excluded = torch.zeros_like(places, dtype=torch.bool)
        for own, others in used:
            excluded |= others[places] == own
        return ~excluded

    partner = torch.arange(len(best), device=best.device)
    count -= left(partner).long()
    if partition in REBUILDS:
        count -= (left(best) & (best != partner)).long()
    return count


def _numbered(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """The same keys as numbers from 0, below the length of both together.

    By their places in sorted order, not by `torch.unique`: how many there are, a GPU would have to be asked.
    """
    keys = torch.cat([one, other])
    numbers = torch.searchsorted(keys.sort().values, keys)
    return numbers[: len(one)], numbers[len(one) :]


def _holders(keys: Tensor, asked: Tensor) -> Tensor:
    """[B]: how many of `keys` equal each one `asked` for; both as `_numbered` gives them."""
    counts = keys.new_zeros(len(keys) + len(asked))
    return counts.index_add(0, keys, torch.ones_like(keys))[asked]
