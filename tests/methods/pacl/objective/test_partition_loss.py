"""L1 to L4 against the naive loops of `naive.py`, values and gradients, and what must hold for all."""

import math
import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pacl_core.methods.pacl.objective import (
    Labels,
    emotional_filter,
    factual_filter,
    partition_loss,
    partition_masks,
)
from pacl_core.methods.pacl.partitions import PARTITIONS
from tests.methods.pacl.objective import naive


def batch(size: int, k: int, seed: int, kind: str = "random") -> tuple[Tensor, list[int], list[int]]:
    generator = torch.Generator().manual_seed(seed)
    similarity = 2 * torch.rand(size, size, generator=generator, dtype=torch.float64) - 1
    if kind == "ties":
        similarity = (similarity * 2).round() / 2
    if kind == "equal_rows":
        similarity = similarity[:1].expand(size, size).clone()
    if kind == "all_equal":
        similarity = torch.full_like(similarity, 0.25)
    chance = random.Random(seed)
    return similarity, [chance.randrange(k) for _ in range(size)], [chance.randrange(k) for _ in range(size)]


def both(
    similarity: Tensor, partition: str, f: list[int], e: list[int], tau: float
) -> list[tuple[Tensor, Tensor]]:
    """(value, gradient) of the loss under test and of the naive one."""
    results = []
    for loss in (
        lambda s: partition_loss(s, partition, Labels(torch.tensor(f), torch.tensor(e)), temperature=tau),
        lambda s: naive.naive_loss(s, partition, f, e, tau),
    ):
        leaf = similarity.clone().requires_grad_()
        value = loss(leaf)
        value.backward()
        assert leaf.grad is not None
        results.append((value.detach(), leaf.grad))
    return results


@pytest.mark.parametrize("partition", PARTITIONS)
@pytest.mark.parametrize("kind", ["random", "ties", "equal_rows", "all_equal"])
@pytest.mark.parametrize(("size", "k"), [(1, 1), (2, 1), (2, 2), (3, 2), (7, 3), (16, 16), (24, 2)])
def test_equals_the_equations(partition: str, kind: str, size: int, k: int) -> None:
    similarity, f, e = batch(size, k, seed=size * 31 + k, kind=kind)
    (value, gradient), (naive_value, naive_gradient) = both(similarity, partition, f, e, 0.07)
    torch.testing.assert_close(value, naive_value, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(gradient, naive_gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("partition", PARTITIONS)
def test_equals_the_equations_at_the_papers_batch(partition: str) -> None:
    similarity, f, e = batch(64, 10, seed=5)
    (value, gradient), (naive_value, naive_gradient) = both(similarity, partition, f, e, 0.07)
    torch.testing.assert_close(value, naive_value, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(gradient, naive_gradient, rtol=1e-9, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_equals_the_equations_on_any_small_batch(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 6))
    k = data.draw(st.integers(1, size))
    labels = st.lists(st.integers(0, k - 1), min_size=size, max_size=size)
    cosines = st.sampled_from([-1.0, -0.5, 0.0, 0.1, 0.5, 1.0])
    rows = data.draw(st.lists(st.lists(cosines, min_size=size, max_size=size), min_size=size, max_size=size))
    similarity = torch.tensor(rows, dtype=torch.float64)
    partition = data.draw(st.sampled_from(PARTITIONS))
    ours, theirs = both(similarity, partition, data.draw(labels), data.draw(labels), 0.2)
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("partition", ["partial_emotional", "partial_factual", "weak"])
def test_without_negatives_loss_and_gradient_are_zero(partition: str) -> None:
    similarity, _, _ = batch(5, 1, seed=1)
    similarity.requires_grad_()
    labels = torch.zeros(5, dtype=torch.int64)  # one label: every pair may be a match
    loss = partition_loss(similarity, partition, Labels(labels, labels))
    loss.backward()
    assert loss.item() == 0
    assert similarity.grad is not None and not similarity.grad.any()


@pytest.mark.parametrize("partition", PARTITIONS)
def test_a_single_sample_has_loss_zero(partition: str) -> None:
    similarity = torch.tensor([[0.3]], requires_grad=True)
    loss = partition_loss(similarity, partition, Labels(torch.tensor([4]), torch.tensor([2])))
    loss.backward()
    assert loss.item() == 0
    assert similarity.grad is not None and similarity.grad.item() == 0


@pytest.mark.parametrize("partition", PARTITIONS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_extreme_similarities_in_half_precision_stay_finite(partition: str, dtype: torch.dtype) -> None:
    similarity = (1 - 2 * torch.eye(4)).to(dtype).requires_grad_()  # partners at -1, all others at +1
    labels = torch.arange(4)
    loss = partition_loss(similarity, partition, Labels(labels, labels), temperature=0.01)
    loss.backward()
    assert loss.dtype == torch.float32 and math.isfinite(loss.item())
    assert similarity.grad is not None and torch.isfinite(similarity.grad).all()
    if partition == "strong":
        assert loss.item() == pytest.approx(200 + math.log(3), rel=1e-6)


def test_the_temperature_can_learn() -> None:
    similarity, f, e = batch(6, 3, seed=2)
    temperature = torch.tensor(0.07, dtype=torch.float64, requires_grad=True)
    partition_loss(
        similarity, "strong", Labels(torch.tensor(f), torch.tensor(e)), temperature=temperature
    ).backward()
    step = 1e-6
    higher, lower = (
        partition_loss(
            similarity, "strong", Labels(torch.tensor(f), torch.tensor(e)), temperature=0.07 + sign * step
        )
        for sign in (1, -1)
    )
    assert temperature.grad is not None
    assert temperature.grad.item() == pytest.approx((higher - lower).item() / (2 * step), rel=1e-5)


def test_an_unknown_partition_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown partition 'mixed'"):
        partition_loss(torch.eye(2), "mixed", Labels(torch.zeros(2), torch.zeros(2)))


batches = st.builds(
    batch, size=st.integers(1, 12), k=st.integers(1, 12), seed=st.integers(0, 999), kind=st.just("random")
)


@settings(max_examples=60, deadline=None)
@given(batches, st.sampled_from(PARTITIONS), st.integers(0, 999))
def test_the_order_of_a_batch_does_not_matter(
    drawn: tuple[Tensor, list[int], list[int]], partition: str, seed: int
) -> None:
    similarity, f, e = drawn
    order = torch.randperm(len(f), generator=torch.Generator().manual_seed(seed))
    f_B, e_B = Labels(torch.tensor(f), torch.tensor(e))
    straight = partition_loss(similarity, partition, Labels(f_B, e_B))
    shuffled = partition_loss(similarity[order][:, order], partition, Labels(f_B[order], e_B[order]))
    torch.testing.assert_close(straight, shuffled, rtol=1e-10, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(batches)
def test_swapping_modalities_and_filters_swaps_the_partial_losses(
    drawn: tuple[Tensor, list[int], list[int]],
) -> None:
    similarity, f, e = drawn
    f_B, e_B = Labels(torch.tensor(f), torch.tensor(e))
    here = partition_loss(similarity, "partial_emotional", Labels(f_B, e_B))
    there = partition_loss(similarity.T, "partial_factual", Labels(e_B, f_B))
    torch.testing.assert_close(here, there, rtol=1e-12, atol=1e-12)
    for partition in ("strong", "weak"):
        here = partition_loss(similarity, partition, Labels(f_B, e_B))
        there = partition_loss(similarity.T, partition, Labels(e_B, f_B))
        torch.testing.assert_close(here, there, rtol=1e-12, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(batches, st.sampled_from(PARTITIONS), st.sampled_from([0.5, 2.0, 4.0]))
def test_scaling_similarity_and_temperature_together_changes_nothing(
    drawn: tuple[Tensor, list[int], list[int]], partition: str, scale: float
) -> None:
    similarity, f, e = drawn
    f_B, e_B = Labels(torch.tensor(f), torch.tensor(e))
    plain = partition_loss(similarity, partition, Labels(f_B, e_B), temperature=0.07)
    scaled = partition_loss(similarity * scale, partition, Labels(f_B, e_B), temperature=0.07 * scale)
    torch.testing.assert_close(plain, scaled, rtol=1e-10, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(batches, st.sampled_from(PARTITIONS))
def test_every_anchor_keeps_its_positive_and_its_partner_is_never_a_negative(
    drawn: tuple[Tensor, list[int], list[int]], partition: str
) -> None:
    similarity, f, e = drawn
    masks = partition_masks(similarity, partition, Labels(torch.tensor(f), torch.tensor(e)))
    assert (masks.image_positives.sum(dim=1) == 1).all()
    assert (masks.text_positives.sum(dim=0) == 1).all()
    assert not (masks.image_positives & masks.image_negatives).any()
    assert not (masks.text_positives & masks.text_negatives).any()
    assert not masks.image_negatives.diagonal().any()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(0, 999))
def test_with_distinct_labels_a_filter_holds_the_best_match_only(size: int, seed: int) -> None:
    similarity, _, _ = batch(size, 1, seed)
    labels = torch.randperm(size, generator=torch.Generator().manual_seed(seed))
    factual = factual_filter(similarity, labels)
    emotional = emotional_filter(similarity, labels)
    rows = similarity.tolist()
    for i in range(size):
        assert factual[:, i].nonzero().flatten().tolist() == [naive.best_image(rows, i)]
        assert emotional[i].nonzero().flatten().tolist() == [naive.best_text(rows, i)]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 12), st.integers(0, 999))
def test_with_one_label_the_filters_hold_everything(size: int, seed: int) -> None:
    similarity, _, _ = batch(size, 1, seed)
    labels = torch.full((size,), 3)
    assert factual_filter(similarity, labels).all()
    assert emotional_filter(similarity, labels).all()


def test_filters_pass_no_gradient() -> None:
    similarity = torch.rand(4, 4, requires_grad=True)
    assert not factual_filter(similarity, torch.arange(4)).requires_grad
    assert not emotional_filter(similarity, torch.arange(4)).requires_grad
