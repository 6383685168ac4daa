"""Recall at k against a loop, and held-out pairs that never train."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.methods.pacl.shards.read import Samples, read_shards
from pacl_core.methods.pacl.training.held_out import KS, hold_out, recalls


def naive(anchors: torch.Tensor, candidates: torch.Tensor, k: int) -> float:
    hits = 0
    for row, anchor in enumerate(anchors.tolist()):
        own = sum(a * c for a, c in zip(anchor, candidates[row].tolist(), strict=True))
        others = [
            sum(a * c for a, c in zip(anchor, other, strict=True))
            for number, other in enumerate(candidates.tolist())
            if number != row
        ]
        hits += sum(other >= own for other in others) < k
    return hits / len(anchors)


@given(st.integers(1, 30), st.integers(0, 5), st.integers(1, 9))
def test_recalls_are_those_of_a_loop(count: int, seed: int, block: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    # small whole numbers: exact products, and many ties
    anchors, candidates = (torch.randint(-2, 3, (count, 3), generator=generator).float() for _ in range(2))
    assert recalls(anchors, candidates, block) == {k: naive(anchors, candidates, k) for k in KS}


def test_extremes() -> None:
    assert recalls(torch.eye(20), torch.eye(20)) == {1: 1, 5: 1, 10: 1}
    one_point = torch.ones(20, 4)
    assert recalls(one_point, one_point) == {1: 0, 5: 0, 10: 0}


@pytest.fixture
def samples(make_shards, tmp_path) -> Samples:
    return read_shards(make_shards(), tmp_path)


def test_held_out_pairs_are_strong_ones_and_leave_training(samples) -> None:
    rows, held = hold_out(samples, 4, seed=0)
    assert len(held) == 4
    assert sorted([*held, *rows["strong"]]) == list(samples.rows["strong"])
    assert all(list(rows[name]) == list(samples.rows[name]) for name in rows if name != "strong")
    again, other = hold_out(samples, 4, seed=0)[1], hold_out(samples, 4, seed=1)[1]
    np.testing.assert_array_equal(held, again)
    assert held.tolist() != other.tolist()


def test_nothing_is_held_out_unless_asked(samples) -> None:
    rows, held = hold_out(samples, 0, seed=0)
    assert len(held) == 0 and list(rows["strong"]) == list(range(12))


def test_two_thirds_are_left_to_train_on(samples, make_shards, tmp_path) -> None:
    assert len(hold_out(samples, 100, seed=0)[1]) == 4  # of 12
    without = read_shards(make_shards({"strong": 0, "weak": 3}, tmp_path / "other"), tmp_path)
    assert len(hold_out(without, 12, seed=0)[1]) == 0
