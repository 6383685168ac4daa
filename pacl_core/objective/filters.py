"""The two filters: which pairs of a batch may be matches although they were not posted together.

Both are `[B, B]` boolean matrices indexed [image v, text t], and each serves both directions.
"""

import torch
from torch import Tensor


def factual_filter(similarity: Tensor, factual_labels: Tensor) -> Tensor:
    """F: image v may be a factual match of text t.

    `similarity` [B, B] (images x texts), `factual_labels` [B] int64 of the images. F[v, t] holds where v
    has the label of the image that matches t best (first one on ties): column t is m_f(t), row v is
    m_f^-1(v). Paper Eq. 6 and 7, with the f_l of its text where Eq. 6 prints f_i. No gradient passes.
    """
    best_image_T = similarity.detach().argmax(dim=0)
    return factual_labels[:, None] == factual_labels[best_image_T][None, :]


def emotional_filter(similarity: Tensor, emotional_labels: Tensor) -> Tensor:
    """E: text t may be an emotional match of image v.

    `similarity` [B, B] (images x texts), `emotional_labels` [B] int64 of the texts. E[v, t] holds where t
    has the label of the text that matches v best (first one on ties): row v is m_e(v), column t is
    m_e^-1(t). Paper Eq. 9 and 10. No gradient passes.
    """
    best_text_V = similarity.detach().argmax(dim=1)
    return emotional_labels[best_text_V][:, None] == emotional_labels[None, :]


def off_diagonal(similarity: Tensor) -> Tensor:
    """`[B, B]` bool: every pair but the ones posted together."""
    return ~torch.eye(len(similarity), dtype=torch.bool, device=similarity.device)
