"""A batch whose rows lie on several processes: the parts of its loss add up to the whole."""

import pytest
import torch
from torch import Tensor

from pacl_core.methods.pacl.objective import (
    Labels,
    LocalRows,
    best_matches,
    local_partition_loss,
    partition_loss,
)
from pacl_core.methods.pacl.partitions import PARTITIONS


@pytest.mark.parametrize("partition", PARTITIONS)
@pytest.mark.parametrize("sizes", [(12,), (6, 6), (5, 4, 3), (1, 11), (0, 12)])
def test_the_parts_add_up_to_the_loss_of_the_batch(partition: str, sizes: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(3)
    similarity = (2 * torch.rand(12, 12, generator=generator, dtype=torch.float64) - 1).requires_grad_()
    labels = torch.randint(4, (2, 12), generator=generator)
    whole = partition_loss(similarity, partition, Labels(*labels))
    (whole_gradient,) = torch.autograd.grad(whole, similarity)

    parts: list[Tensor] = []
    for rank, size in enumerate(sizes):
        offset = sum(sizes[:rank])
        own = slice(offset, offset + size)
        best = best_matches(similarity)
        rows = LocalRows(similarity[own], similarity.T[own], offset)
        parts.append(local_partition_loss(rows, partition, Labels(*labels), best=best))
    together = torch.stack(parts).sum() / 12
    (gradient,) = torch.autograd.grad(together, similarity)
    torch.testing.assert_close(together, whole, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(gradient, whole_gradient, rtol=1e-12, atol=1e-14)
