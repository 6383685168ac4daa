"""Retrieval among held-out pairs: does an image find its text, and a text its image?"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from pacl_core.methods.pacl.shards.read import Samples
from pacl_core.training.averaging import averaged
from pacl_core.training.batches import Rows
from pacl_core.training.projectors import embed
from pacl_core.training.state import Learner

KS = (1, 5, 10)


@torch.no_grad()
def held_out_recalls(
    learner: Learner, samples: Samples, held: Rows, load: Callable[[Rows], Tensor], batch_size: int
) -> dict[str, float]:
    """`recall_image_to_text/at_<k>` and `recall_text_to_image/at_<k>` of the `held` rows; {} of none.

    Of the averaged weights where there are such, in evaluation mode; both are undone at the end. `load`
    gives the normalised images of some rows.
    """
    if len(held) == 0:
        return {}
    parts = []
    with evaluating(learner.model), averaged(learner.model, learner.average):
        for rows in np.array_split(held, -(-len(held) // batch_size)):
            images = load(rows)
            text_TD = torch.from_numpy(np.array(samples.texts[rows])).to(images.device)
            parts.append(embed(learner.projectors, learner.features(images).float(), text_TD))
    z_v, z_t = (torch.cat(side) for side in zip(*parts, strict=True))
    found = {"recall_image_to_text": recalls(z_v, z_t), "recall_text_to_image": recalls(z_t, z_v)}
    return {f"{name}/at_{k}": share for name, shares in found.items() for k, share in shares.items()}


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, then each module's own again."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def recalls(anchor_AD: Tensor, candidate_AD: Tensor, block: int = 1024) -> dict[int, float]:
    """k -> share of anchors whose own candidate (same row) is among the k most similar ones.

    A candidate as similar as the own one counts as before it: a model that maps all to one point finds
    nothing. Memory is `block` x A.
    """
    ranks = []
    for start in range(0, len(anchor_AD), block):
        similarity = anchor_AD[start : start + block] @ candidate_AD.T
        own = similarity.diagonal(offset=start)
        ranks.append((similarity >= own[:, None]).sum(dim=1))
    rank_A = torch.cat(ranks)
    return {k: (rank_A <= k).double().mean().item() for k in KS}
