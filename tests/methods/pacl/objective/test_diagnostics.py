"""Fractions for the training curves: counted by hand, and held against the matrices of the filters."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pacl_core.methods.pacl.objective import (
    BestMatches,
    Labels,
    batch_diagnostics,
    best_matches,
    emotional_filter,
    factual_filter,
    partition_masks,
)
from pacl_core.methods.pacl.partitions import PARTITIONS

# text 0 is best matched by image 1, text 1 by image 1, text 2 by image 2
# image 0 matches text 1 best, image 1 text 1, image 2 text 2
SIMILARITY = torch.tensor([[0.1, 0.2, 0.0], [0.3, 0.9, 0.1], [0.0, 0.1, 0.8]])
LABELS = Labels(torch.tensor([0, 0, 1]), torch.tensor([5, 6, 6]))


def diagnose(similarity: Tensor, partition: str, labels: Labels) -> dict[str, float]:
    everyone = slice(0, len(similarity))
    found = batch_diagnostics(everyone, partition, labels, best=best_matches(similarity))
    return {name: value.item() for name, value in found.items()}


def test_the_factual_fraction_counts_pairs_not_posted_together() -> None:
    # column 0: images 0, 1; column 1: images 0, 1; column 2: image 2; off the diagonal: (1, 0), (0, 1)
    found = diagnose(SIMILARITY, "partial_emotional", LABELS)
    assert found == {"excluded_by_factual": pytest.approx(2 / 6), "without_negatives": 0}


def test_the_emotional_fraction_counts_pairs_not_posted_together() -> None:
    # every row's best text has label 6: texts 1, 2; off the diagonal: (0, 1), (0, 2), (1, 2), (2, 1)
    found = diagnose(SIMILARITY, "partial_factual", LABELS)
    # image 0 keeps text 0 alone, its partner; images 1 and 2 keep text 0; texts 1 and 2 keep nobody
    assert found == {"excluded_by_emotional": pytest.approx(4 / 6), "without_negatives": pytest.approx(3 / 6)}


def test_weak_counts_rebuilt_positives_too() -> None:
    # image 0 and text 0 get another partner, all the others keep theirs
    found = diagnose(SIMILARITY, "weak", LABELS)
    assert set(found) == {"excluded_by_factual", "excluded_by_emotional", "rebuilt", "without_negatives"}
    assert found["rebuilt"] == pytest.approx(1 / 3)


def test_strong_excludes_nobody_and_a_single_sample_has_no_candidates() -> None:
    assert diagnose(SIMILARITY, "strong", LABELS) == {"without_negatives": 0}
    single = Labels(LABELS.factual[:1], LABELS.emotional[:1])
    assert diagnose(torch.ones(1, 1), "weak", single) == {"rebuilt": 0, "without_negatives": 1}


@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 10**6), st.sampled_from(PARTITIONS))
def test_keys_say_what_the_matrices_say(size: int, k: int, seed: int, partition: str) -> None:
    generator = torch.Generator().manual_seed(seed)
    similarity = torch.randint(0, 6, (size, size), generator=generator).float()  # with ties
    labels = Labels(*torch.randint(k, (2, size), generator=generator))
    found = diagnose(similarity, partition, labels)
    others = ~torch.eye(size, dtype=torch.bool)
    matrices = {
        "excluded_by_factual": factual_filter(similarity, labels.factual),
        "excluded_by_emotional": emotional_filter(similarity, labels.emotional),
    }
    for name, matrix in matrices.items():
        if name in found:
            assert found[name] == pytest.approx(matrix[others].float().mean().item())
    masks = partition_masks(similarity, partition, labels)
    image_lacks = ~(masks.image_negatives & ~masks.image_positives).any(dim=1)
    text_lacks = ~(masks.text_negatives & ~masks.text_positives).any(dim=0)
    expected = 0.5 * image_lacks.float().mean().item() + 0.5 * text_lacks.float().mean().item()
    assert found["without_negatives"] == pytest.approx(expected)


def test_some_samples_of_a_batch_are_told_apart_from_the_others() -> None:
    best = BestMatches(torch.tensor([0, 1, 2, 3]), torch.tensor([0, 1, 3, 3]))
    labels = Labels(torch.tensor([0, 0, 1, 1]), torch.tensor([0, 0, 1, 1]))
    first = batch_diagnostics(slice(0, 2), "weak", labels, best=best)
    last = batch_diagnostics(slice(2, 4), "weak", labels, best=best)
    assert (first["rebuilt"].item(), last["rebuilt"].item()) == (0, 0.25)
