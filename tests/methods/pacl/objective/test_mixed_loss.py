"""A batch from all partitions: every anchor's rule against loops, and what a mixed batch must keep."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.methods.pacl.objective import Labels, mixed_loss, mixed_terms, partition_loss
from pacl_core.methods.pacl.partitions import PARTITIONS
from tests.methods.pacl.objective import naive


def drawn(size: int, k: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(similarity with ties, partitions, both labels)."""
    generator = torch.Generator().manual_seed(seed)
    similarity = (2 * torch.rand(size, size, generator=generator, dtype=torch.float64) - 1) * 8
    partitions = torch.randint(4, (size,), generator=generator)
    return similarity.round() / 8, partitions, torch.randint(-1, k, (2, size), generator=generator)


@pytest.mark.parametrize(("size", "k"), [(1, 1), (2, 1), (5, 2), (9, 3), (16, 16), (24, 2)])
def test_each_anchor_follows_its_own_partition(size: int, k: int) -> None:
    similarity, partitions, labels = drawn(size, k, seed=size)
    leaf, naive_leaf = similarity.clone().requires_grad_(), similarity.clone().requires_grad_()
    terms = mixed_terms(leaf, partitions, Labels(*labels), temperature=0.07)
    names = [PARTITIONS[index] for index in partitions.tolist()]
    per_sample = [
        naive.sample_loss(naive_leaf, i, name, *labels.tolist(), 0.07) for i, name in enumerate(names)
    ]
    naive_terms = []
    for partition in PARTITIONS:
        own = [loss for loss, name in zip(per_sample, names, strict=True) if name == partition]
        naive_terms.append(sum(own) / len(own) if own else torch.zeros((), dtype=torch.float64))
    torch.testing.assert_close(terms, torch.stack(naive_terms), rtol=1e-10, atol=1e-12)
    (gradient,) = torch.autograd.grad(terms.sum(), leaf)
    (naive_gradient,) = torch.autograd.grad(torch.stack(naive_terms).sum(), naive_leaf)
    torch.testing.assert_close(gradient, naive_gradient, rtol=1e-9, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 999), st.sampled_from(PARTITIONS))
def test_of_one_partition_it_is_that_partitions_loss(size: int, k: int, seed: int, partition: str) -> None:
    similarity, _, labels = drawn(size, k, seed)
    similarity.requires_grad_()
    everyone = torch.full((size,), PARTITIONS.index(partition))
    mixed = mixed_loss(similarity, everyone, Labels(*labels))
    alone = partition_loss(similarity, partition, Labels(*labels))
    torch.testing.assert_close(mixed, alone, rtol=1e-12, atol=1e-14)
    here, there = torch.autograd.grad(mixed, similarity), torch.autograd.grad(alone, similarity)
    torch.testing.assert_close(here, there, rtol=1e-12, atol=1e-14)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(0, 999))
def test_the_order_of_a_mixed_batch_does_not_matter(size: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    similarity = torch.rand(size, size, generator=generator, dtype=torch.float64)
    _, partitions, labels = drawn(size, 3, seed)
    order = torch.randperm(size, generator=generator)
    straight = mixed_terms(similarity, partitions, Labels(*labels))
    shuffled = mixed_terms(similarity[order][:, order], partitions[order], Labels(*labels[:, order]))
    torch.testing.assert_close(straight, shuffled, rtol=1e-10, atol=1e-12)


def test_an_absent_partition_adds_nothing() -> None:
    similarity, _, labels = drawn(6, 3, seed=1)
    terms = mixed_terms(similarity, torch.tensor([0, 0, 3, 3, 0, 3]), Labels(*labels))
    assert terms[1] == terms[2] == 0 and terms[0] > 0
