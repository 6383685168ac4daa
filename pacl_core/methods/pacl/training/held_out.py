"""Strong pairs kept out of training: does an image find its text, and a text its image?"""

import numpy as np
import torch
from torch import Tensor

from pacl_core.methods.pacl.shards.read import Samples
from pacl_core.training.method import RowIds

KS = (1, 5, 10)
_OWN_STREAM = 0x401D  # batches are drawn from (seed, epoch, ..): a stream that is none of theirs


def hold_out(samples: Samples, count: int, seed: int) -> tuple[dict[str, RowIds], RowIds]:
    """Rows to train on by partition, and rows of strong pairs drawn by `seed`, both ascending.

    `count` of them, but never more than a third: a small corpus has to train on something.
    """
    rows = {name: np.arange(r.start, r.stop, dtype=np.int64) for name, r in samples.rows.items()}
    strong = rows["strong"]
    count = min(count, len(strong) // 3)
    drawn = np.zeros(len(strong), bool)
    drawn[np.random.default_rng((seed, _OWN_STREAM)).choice(len(strong), count, replace=False)] = True
    rows["strong"] = strong[~drawn]
    return rows, strong[drawn]


def retrieval(z_v: Tensor, z_t: Tensor) -> dict[str, float]:
    """`recall_image_to_text/at_<k>` and `recall_text_to_image/at_<k>` of unit vectors [N, dim] of pairs."""
    found = {"recall_image_to_text": recalls(z_v, z_t), "recall_text_to_image": recalls(z_t, z_v)}
    return {f"{name}/at_{k}": recall for name, of_k in found.items() for k, recall in of_k.items()}


def recalls(anchor_AD: Tensor, candidate_AD: Tensor, block: int = 1024) -> dict[int, float]:
    """k -> fraction of anchors whose own candidate (same row) is among the k most similar ones.

    Candidates as similar as the own one rank before it: a model that maps everything to one point finds
    nothing. Memory is `block` x A.
    """
    places = []
    for start in range(0, len(anchor_AD), block):
        similarity = anchor_AD[start : start + block] @ candidate_AD.T
        own = similarity.diagonal(offset=start)
        places.append((similarity >= own[:, None]).sum(dim=1))
    place_A = torch.cat(places)
    return {k: (place_A <= k).double().mean().item() for k in KS}
