"""Ranking phrases for images by the cosine of an image-text scorer's vectors."""

import numpy as np
import torch
from numpy.typing import NDArray


def rank_phrases(
    image_vectors: NDArray[np.float32], phrase_vectors: NDArray[np.float32], top: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The best phrases of each image: indices `[N, top]` and cosines `[N, top]`, best first.

    `image_vectors` `[N, D]` and `phrase_vectors` `[P, D]` are unit vectors. Equal scores go by phrase
    order. With fewer than `top` phrases all of them are ranked.
    """
    # torch's product keeps to torch's number of threads: the same bits on every machine of a cluster
    scores_NP = (torch.from_numpy(image_vectors) @ torch.from_numpy(phrase_vectors).T).numpy()
    indices = np.argsort(-scores_NP, axis=1, kind="stable")[:, :top]
    return indices, np.take_along_axis(scores_NP, indices, axis=1)
