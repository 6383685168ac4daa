"""Retrieval among held-out pairs: does one side find the other?"""

import torch
from torch import Tensor

KS = (1, 5, 10)


def retrieval(z_v: Tensor, z_t: Tensor, *, shown: str = "image") -> dict[str, float]:
    """`recall_image_to_text/at_<k>` and `recall_text_to_image/at_<k>` of unit vectors [N, dim] of pairs.

    `shown`: what the first vectors are of, as the names say.
    """
    found = {f"recall_{shown}_to_text": recalls(z_v, z_t), f"recall_text_to_{shown}": recalls(z_t, z_v)}
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
