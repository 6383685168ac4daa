"""One step: one forward of the backbone over the batches of all active partitions, their losses summed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from pacl_core.objective import batch_shares, partition_loss
from pacl_core.shards.read import Samples
from pacl_core.training.batches import Rows
from pacl_core.training.projectors import embed


@dataclass(frozen=True)
class Losses:
    """`terms`: partition -> its loss, a scalar. `shares`: `<share>/<partition>` -> a scalar."""

    terms: dict[str, Tensor]
    shares: dict[str, Tensor]


def step_losses(
    features: Callable[[Tensor], Tensor],
    projectors: nn.ModuleDict,
    images: Tensor,
    batches: dict[str, Rows],
    samples: Samples,
    temperature: float,
) -> Losses:
    """Losses of one batch per partition.

    `images` [sum of B, 3, H, W] float32 are the pictures of `batches` one after the other, on the device
    where everything happens; `features` is the backbone. Candidates of an anchor are its own batch only.
    """
    rows = np.concatenate(list(batches.values()))
    text_TD = torch.from_numpy(np.array(samples.texts[rows])).to(images.device)
    factual = torch.from_numpy(samples.factual_labels[rows]).to(images.device)
    emotional = torch.from_numpy(samples.emotional_labels[rows]).to(images.device)
    z_v, z_t = embed(projectors, features(images).float(), text_TD)
    losses = Losses({}, {})
    start = 0
    for partition, batch in batches.items():
        own = slice(start, start + len(batch))
        start += len(batch)
        similarity = z_v[own] @ z_t[own].T
        labels = factual[own], emotional[own]
        losses.terms[partition] = partition_loss(similarity, partition, *labels, temperature)
        with torch.no_grad():
            for name, share in batch_shares(similarity, partition, *labels).items():
                losses.shares[f"{name}/{partition}"] = share
    return losses
