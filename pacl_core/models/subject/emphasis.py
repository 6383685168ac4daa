"""Subject-aware attention masking (SAAM, EmotionCLIP Eq. 2-4) of one layer, read element by element.

S = softmax(QK'/sqrt(d)), U = softmax((QK' + M)/sqrt(d)), and E = S (1 - A) + (S A) U takes the place of
S, where S A is a product of elements and (S A) U one of matrices. Rows of E sum to 1. Tokens are
[cls, patches, subject]; L is their number, P that of patches, h heads of width d.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention


def subject_mask(subject: Tensor) -> Tensor:
    """M [B, 1, L, L]: 0, and -inf where subject token and a token that is not the subject's would meet.

    `subject` [B, P] bool: patches of the person. The subject token sees itself and these patches, and they
    and the class token see it.
    """
    size, patches = subject.shape
    apart = torch.zeros(size, patches + 2, dtype=torch.bool, device=subject.device)
    apart[:, 1:-1] = ~subject
    mask = torch.zeros(size, 1, patches + 2, patches + 2, device=subject.device)
    mask[:, 0, :, -1].masked_fill_(apart, -math.inf)
    apart[:, 0] = True
    mask[:, 0, -1, :].masked_fill_(apart, -math.inf)
    return mask


def emphasised(query: Tensor, key: Tensor, value: Tensor, *, mask: Tensor, mixing: Tensor) -> Tensor:
    """E V `[B, h, L, d]` of `query`, `key`, `value` [B, h, L, d]; `mask` M, `mixing` A [L, L] in [0, 1].

    E itself is never there: (S A) (U V) costs L x L x d, where ((S A) U) V would cost L x L x L.
    """
    plain = _scores(query, key).softmax(dim=-1)
    masked = scaled_dot_product_attention(query, key, value, attn_mask=mask.to(query.dtype))
    shared = plain * mixing.to(plain.dtype)
    return plain @ value + shared @ (masked - value)


def emphasis_weights(query: Tensor, key: Tensor, *, mask: Tensor, mixing: Tensor) -> Tensor:
    """E [B, h, L, L], for looking at."""
    scores = _scores(query, key)
    plain, masked = scores.softmax(dim=-1), (scores + mask.to(scores.dtype)).softmax(dim=-1)
    return plain * (1 - mixing) + (plain * mixing) @ masked


def _scores(query: Tensor, key: Tensor) -> Tensor:
    return (query / math.sqrt(query.shape[-1])) @ key.transpose(-1, -2)
