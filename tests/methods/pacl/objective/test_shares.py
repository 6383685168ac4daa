"""Shares for the training curves, on a batch small enough to count by hand."""

import torch

from pacl_core.methods.pacl.objective import batch_shares

# text 0 is best matched by image 1, text 1 by image 1, text 2 by image 2
# image 0 matches text 1 best, image 1 text 1, image 2 text 2
SIMILARITY = torch.tensor([[0.1, 0.2, 0.0], [0.3, 0.9, 0.1], [0.0, 0.1, 0.8]])
FACTUAL = torch.tensor([0, 0, 1])
EMOTIONAL = torch.tensor([5, 6, 6])


def test_factual_share_counts_pairs_not_posted_together() -> None:
    # column 0: images 0, 1; column 1: images 0, 1; column 2: image 2; off the diagonal: (1, 0), (0, 1)
    shares = batch_shares(SIMILARITY, "partial_emotional", FACTUAL, EMOTIONAL)
    assert {name: value.item() for name, value in shares.items()} == {
        "excluded_by_factual": torch.tensor(2 / 6).item()
    }


def test_emotional_share_counts_pairs_not_posted_together() -> None:
    # every row's best text has label 6: texts 1, 2; off the diagonal: (0, 1), (0, 2), (1, 2), (2, 1)
    shares = batch_shares(SIMILARITY, "partial_factual", FACTUAL, EMOTIONAL)
    assert {name: value.item() for name, value in shares.items()} == {
        "excluded_by_emotional": torch.tensor(4 / 6).item()
    }


def test_weak_counts_rebuilt_positives_too() -> None:
    # image 0 and text 0 get another partner, all the others keep theirs
    shares = batch_shares(SIMILARITY, "weak", FACTUAL, EMOTIONAL)
    assert set(shares) == {"excluded_by_factual", "excluded_by_emotional", "rebuilt"}
    torch.testing.assert_close(shares["rebuilt"], torch.tensor(1 / 3))


def test_strong_has_nothing_to_tell_and_a_single_sample_no_pairs() -> None:
    assert batch_shares(SIMILARITY, "strong", FACTUAL, EMOTIONAL) == {}
    assert set(batch_shares(torch.ones(1, 1), "weak", FACTUAL[:1], EMOTIONAL[:1])) == {"rebuilt"}
