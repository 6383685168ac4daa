"""Heads that predict a class: from the features of an image, or from those of its nine tiles."""

from torch import Tensor, nn


class Classes(nn.Module):
    """Features `[B, D]` -> logits `[B, C]`."""

    def __init__(self, dim: int, count: int) -> None:
        super().__init__()
        self.cls = nn.Linear(dim, count)

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.cls(features)
        return logits


class Jigsaw(nn.Module):
    """Features of nine tiles `[B, 9, D]`, one after the other -> logits of permutations `[B, C]`."""

    def __init__(self, dim: int, count: int) -> None:
        super().__init__()
        self.cls = nn.Linear(9 * dim, count)

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.cls(features.flatten(1))
        return logits
