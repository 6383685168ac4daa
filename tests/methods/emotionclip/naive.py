"""SNCE as loops over Eq. 5 to 7: no tensors, no tricks."""

import math
from collections.abc import Sequence

Rows = Sequence[Sequence[float]]


def softmax(logits: Sequence[float]) -> list[float]:
    highest = max(logits)
    powers = [math.exp(one - highest) for one in logits]
    return [one / sum(powers) for one in powers]


def divergence(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(p * math.log(p / q) for p, q in zip(softmax(one), softmax(other), strict=True))


def weight(sentiment: Rows, i: int, j: int, *, beta: float, kl: str) -> float:
    """w_ij; 0 where i is j, at beta 0 and where a sample has no sentiment, inf where both have the same."""
    if i == j or beta == 0 or any(math.isnan(value) for value in [*sentiment[i], *sentiment[j]]):
        return 0.0
    first, second = (i, j) if kl == "forward" else (j, i)
    found = divergence(sentiment[first], sentiment[second])
    return beta / found if found > 1e-9 else math.inf


def loss(
    similarity: Rows, sentiment: Rows, *, beta: float = 1.0, scale: float = 100.0, kl: str = "forward"
) -> float:
    """Half the mean over rows (videos) plus half the mean over columns (texts)."""
    size = len(similarity)
    total = 0.0
    for i in range(size):
        row = [scale * similarity[i][j] for j in range(size)]
        column = [scale * similarity[j][i] for j in range(size)]
        for logits in (row, column):
            less = [logits[j] - weight(sentiment, i, j, beta=beta, kl=kl) for j in range(size)]
            highest = max(less)
            total += highest + math.log(sum(math.exp(one - highest) for one in less)) - logits[i]
    return total / (2 * size)
