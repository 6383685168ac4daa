"""What a frozen backbone is worth downstream: features, heads, metrics, intervals."""

from pacl_core.evaluation.metrics.distribution import (
    canberra,
    chebyshev,
    clark,
    cosine,
    intersection,
    kl,
)

__all__ = ["canberra", "chebyshev", "clark", "cosine", "intersection", "kl"]
