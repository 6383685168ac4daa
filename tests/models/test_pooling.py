"""Pooling is over tokens, never over padding."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pacl_core.models.text_encoders.hf import pool


@settings(max_examples=50, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    padding=st.integers(0, 3),
    seed=st.integers(0, 99),
)
def test_pooled_vectors_match_a_naive_loop(lengths, padding, seed):
    longest = max(lengths) + padding
    hidden = torch.randn(len(lengths), longest, 4, generator=torch.Generator().manual_seed(seed))
    mask = torch.tensor([[1] * length + [0] * (longest - length) for length in lengths])
    for row, length in enumerate(lengths):
        total = [sum(float(hidden[row, token, column]) for token in range(length)) for column in range(4)]
        mean = torch.tensor([value / length for value in total])
        torch.testing.assert_close(pool(hidden, mask, "mean")[row], mean, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(pool(hidden, mask, "first")[row], hidden[row, 0], rtol=0, atol=0)
