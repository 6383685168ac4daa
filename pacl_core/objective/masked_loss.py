"""The one contrastive loss underneath: similarities, positives, negatives, and nothing of partitions."""

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def masked_loss(
    similarity: Tensor, positives: Tensor, negatives: Tensor, temperature: float | Tensor = 0.07
) -> Tensor:
    """Loss of every anchor, `[A]` float32 (float64 for float64 input); one direction of paper Eq. 3.

    `similarity` [A, C] (anchors x candidates, cosines), `positives` and `negatives` [A, C] bool. With
    P = sum over positives of exp(s / temperature), and N likewise over the negatives that are not
    positives, it is -log(P / (P + N)): the sum stays inside the log. An anchor without negatives has
    loss 0 and gradient 0; every anchor needs a positive.
    """
    # half precision has too few digits for s / 0.01, so logits are at least float32
    logits = similarity.to(torch.promote_types(similarity.dtype, torch.float32)) / temperature
    # the lowest finite number, not -inf: an empty row then has a finite softmax, and 0 x it is 0, not NaN
    lowest = torch.finfo(logits.dtype).min
    positive_A = logits.masked_fill(~positives, lowest).logsumexp(dim=1)
    negative_A = logits.masked_fill(positives | ~negatives, lowest).logsumexp(dim=1)
    # -log(P / (P + N)) = -log sigmoid(log P - log N), exact also where the loss is tiny
    return -logsigmoid(positive_A - negative_A)
