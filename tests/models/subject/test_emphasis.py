"""SAAM's attention against loops over its equations (fixtures/saam.json), and what holds for any input."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from pacl_core.models.subject.emphasis import emphasis_weights, emphasised, subject_mask
from tests.models.published_emotionclip import assert_near, closed_form, fixture

PATCHES = 4


def inputs() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    query = closed_form(lambda h, i, k: math.sin(0.9 * h + 1.1 * i + 0.5 * k), 2, 6, 3)
    key = closed_form(lambda h, i, k: math.cos(0.4 * h + 0.7 * i + 1.3 * k), 2, 6, 3)
    value = closed_form(lambda h, i, k: math.sin(2 + 0.3 * h + 0.6 * i + 0.8 * k), 2, 6, 3)
    mixing = closed_form(lambda i, j: 1 / (1 + math.exp(-math.sin(1 + 2 * i + 0.7 * j))), 6, 6)
    return query[None], key[None], value[None], mixing


def mask_of(places: list[int]) -> Tensor:
    subject = torch.zeros(1, PATCHES, dtype=torch.bool)
    subject[0, places] = True
    return subject_mask(subject).double()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_case_of_the_fixture(number: int) -> None:
    case = fixture("saam")["cases"][number]
    query, key, value, mixing = inputs()
    mask = mask_of(case["P"])
    assert_near(emphasised(query, key, value, mask=mask, mixing=mixing)[0], case["output"], 1e-8)
    weights = emphasis_weights(query, key, mask=mask, mixing=mixing)
    assert_near(weights[0], case["effective_attention"], 1e-8)
    masked = emphasis_weights(query, key, mask=mask, mixing=torch.ones_like(mixing))
    assert masked.isfinite().all()


@pytest.mark.parametrize(("name", "value"), [("A_all_zero_is_plain_attention", 0), ("A_all_one_is_S_U_V", 1)])
def test_the_ends_of_mixing(name: str, value: int) -> None:
    case = fixture("saam")[name]
    query, key, values, mixing = inputs()
    found = emphasised(
        query, key, values, mask=mask_of(case["P"]), mixing=torch.full_like(mixing, float(value))
    )
    assert_near(found[0], case["output"], 1e-8)


def random_case(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    query, key, value = 3 * torch.randn(3, 2, 2, 6, 3, generator=generator, dtype=torch.float64)
    mixing = torch.rand(6, 6, generator=generator, dtype=torch.float64)
    subject = torch.rand(2, PATCHES, generator=generator) < 0.5
    subject[0] = seed % 3 > 0  # all, or none
    return query, key, value, mixing, subject


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000))
def test_rows_sum_to_one_and_both_ways_agree(seed: int) -> None:
    query, key, value, mixing, subject = random_case(seed)
    mask = subject_mask(subject)
    weights = emphasis_weights(query, key, mask=mask, mixing=mixing)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, 2, 6, dtype=torch.float64))
    assert weights.min() >= 0
    torch.testing.assert_close(
        emphasised(query, key, value, mask=mask.double(), mixing=mixing), weights @ value
    )


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_without_mixing_it_is_plain_attention(seed: int) -> None:
    query, key, value, mixing, subject = random_case(seed)
    found = emphasised(query, key, value, mask=subject_mask(subject), mixing=torch.zeros_like(mixing))
    torch.testing.assert_close(found, scaled_dot_product_attention(query, key, value))


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_the_subject_token_is_masked_from_what_is_not_the_subject(seed: int) -> None:
    query, key, _, _, subject = random_case(seed)
    scores = query @ key.transpose(-1, -2) / math.sqrt(3)
    masked = (scores + subject_mask(subject)).softmax(dim=-1)
    away = torch.cat(
        [torch.ones(2, 1, dtype=torch.bool), ~subject, torch.zeros(2, 1, dtype=torch.bool)], dim=1
    )
    for b in range(2):
        assert masked[b, :, -1, away[b]].abs().max() == 0  # it sees neither cls nor patches of others
        others = ~subject[b]
        if others.any():
            assert masked[b, :, 1:-1, -1][:, others].abs().max() == 0  # nor they it
    assert (masked[:, :, 0, -1] > 0).all() and (masked[:, :, -1, -1] > 0).all()


def test_gradients_are_finite_even_with_nobody_there() -> None:
    query, key, value, mixing, subject = random_case(0)
    leaves: list[Any] = [one.requires_grad_() for one in (query, key, value, mixing)]
    found = emphasised(query, key, value, mask=subject_mask(torch.zeros_like(subject)), mixing=mixing)
    assert all(one.isfinite().all() for one in torch.autograd.grad(found.square().sum(), leaves))
