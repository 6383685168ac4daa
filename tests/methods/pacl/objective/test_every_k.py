"""Every number of clusters from 1 to B, and half precision at its limits, against the naive loops."""

import math

import pytest
import torch

from pacl_core.methods.pacl.objective import Labels, partition_loss
from pacl_core.methods.pacl.partitions import PARTITIONS
from tests.methods.pacl.objective import naive

KINDS = ("random", "ties", "equal_rows", "all_equal")
SWEEP = [(size, k) for size in range(1, 13) for k in range(1, size + 1)]
SWEEP += [(32, k) for k in range(1, 33)] + [(64, k) for k in (1, 2, 3, 8, 16, 31, 32, 48, 63, 64)]


@pytest.mark.parametrize("partition", PARTITIONS)
@pytest.mark.parametrize(("size", "k"), SWEEP)
def test_every_number_of_clusters(partition: str, size: int, k: int) -> None:
    generator = torch.Generator().manual_seed(size * 100 + k)
    similarity = 2 * torch.rand(size, size, generator=generator, dtype=torch.float64) - 1
    kind = KINDS[(size + k) % 4]  # every kind meets many sizes and many k
    if kind == "ties":
        similarity = (similarity * 2).round() / 2
    if kind == "equal_rows":
        similarity = similarity[:1].expand(size, size).clone()
    if kind == "all_equal":
        similarity.fill_(0.25)
    # every label occurs, as after k-means: K = B means that all are distinct
    labels = torch.stack([torch.randperm(size, generator=generator) % k for _ in range(2)])
    leaf, naive_leaf = similarity.clone().requires_grad_(), similarity.clone().requires_grad_()
    loss = partition_loss(leaf, partition, Labels(*labels), temperature=0.07)
    naive_loss = naive.naive_loss(naive_leaf, partition, *labels.tolist(), 0.07)
    torch.testing.assert_close(loss, naive_loss, rtol=1e-10, atol=1e-12)
    (gradient,) = torch.autograd.grad(loss, leaf)
    (naive_gradient,) = torch.autograd.grad(naive_loss, naive_leaf)
    torch.testing.assert_close(gradient, naive_gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("partition", PARTITIONS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("temperature", [0.01, 0.07])
def test_half_precision_is_the_float64_value_of_the_same_numbers(
    partition: str, dtype: torch.dtype, temperature: float
) -> None:
    generator = torch.Generator().manual_seed(6)
    corners = torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0])
    half = corners[torch.randint(5, (12, 12), generator=generator)].to(dtype).requires_grad_()
    exact = half.detach().double().requires_grad_()
    labels = torch.randint(4, (2, 12), generator=generator)
    loss = partition_loss(half, partition, Labels(*labels), temperature=temperature)
    naive_loss = naive.naive_loss(exact, partition, *labels.tolist(), temperature)
    assert loss.dtype == torch.float32 and math.isfinite(loss.item())
    assert loss.item() == pytest.approx(naive_loss.item(), rel=1e-5, abs=1e-6)
    (gradient,) = torch.autograd.grad(loss, half)
    (naive_gradient,) = torch.autograd.grad(naive_loss, exact)
    assert gradient.dtype == dtype
    torch.testing.assert_close(gradient.double(), naive_gradient, rtol=2e-2, atol=2e-3)
