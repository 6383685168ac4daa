"""Recall at k against a loop, and its names."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from pacl_core.training.retrieval import KS, recalls, retrieval


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


def test_figures_are_named_by_what_is_shown() -> None:
    found = retrieval(torch.eye(20), torch.eye(20).flip(0), shown="video")
    assert set(found) == {f"recall_{way}/at_{k}" for way in ("video_to_text", "text_to_video") for k in KS}
