"""Positives and negatives of anchors against the sets of `naive.py`, of one partition and of several."""

import pytest
import torch
from torch import Tensor

from pacl_core.methods.pacl.objective import Labels, LocalRows, best_matches, sample_losses
from pacl_core.methods.pacl.objective.anchors import Anchors, anchors_of
from pacl_core.methods.pacl.partitions import PARTITIONS
from tests.methods.pacl.objective import naive

SIZE, OWN = 9, slice(3, 8)
WHOLE = slice(0, SIZE)
F, E = [0, 1, 2, 0, 1, 2, 0, 1, 1], [2, 2, 0, 1, 0, 1, 1, 0, 2]
LABELS = Labels(torch.tensor(F), torch.tensor(E))
MIXED = torch.tensor([3, 0, 1, 2, 3, 1, 0, 2, 3])


def similarity() -> Tensor:
    return 2 * torch.rand(SIZE, SIZE, generator=torch.Generator().manual_seed(2), dtype=torch.float64) - 1


def rows_of(own: slice) -> LocalRows:
    s = similarity()
    return LocalRows(s[own], s.T[own], own.start)


def anchors(own: slice, partition: str | Tensor) -> tuple[Anchors, Anchors]:
    return anchors_of(rows_of(own), partition, LABELS, best=best_matches(similarity()))


def negatives(found: Anchors) -> list[set[int]]:
    mask = found.negatives(slice(0, len(found.partner)))
    return [set(row.nonzero()[:, 0].tolist()) for row in mask]


def of_image(partition: str, v: int) -> tuple[int, set[int]]:
    """Positive and negatives among the texts, from the paper's sets."""
    s = similarity().tolist()
    left = set(range(SIZE)) - {v}
    left -= naive.m_f_inverse(s, F, v) if partition in naive.FACTUAL else set()
    left -= naive.m_e(s, E, v) if partition in naive.EMOTIONAL else set()
    return (naive.best_text(s, v) if partition == "weak" else v), left


def of_text(partition: str, t: int) -> tuple[int, set[int]]:
    """And among the images."""
    s = similarity().tolist()
    left = set(range(SIZE)) - {t}
    left -= naive.m_f(s, F, t) if partition in naive.FACTUAL else set()
    left -= naive.m_e_inverse(s, E, t) if partition in naive.EMOTIONAL else set()
    return (naive.best_image(s, t) if partition == "weak" else t), left


@pytest.mark.parametrize("partition", PARTITIONS)
@pytest.mark.parametrize("own", [WHOLE, OWN, slice(4, 4)])
def test_one_partition_has_the_papers_sets(partition: str, own: slice) -> None:
    for found, expected in zip(anchors(own, partition), (of_image, of_text), strict=True):
        pairs = [expected(partition, place) for place in range(own.start, own.stop)]
        assert list(zip(found.positive.tolist(), negatives(found), strict=True)) == pairs


@pytest.mark.parametrize("own", [WHOLE, OWN])
def test_of_mixed_partitions_each_anchor_has_those_of_its_own(own: slice) -> None:
    for found, expected in zip(anchors(own, MIXED), (of_image, of_text), strict=True):
        pairs = [expected(PARTITIONS[MIXED[place]], place) for place in range(own.start, own.stop)]
        assert list(zip(found.positive.tolist(), negatives(found), strict=True)) == pairs


def test_labels_below_zero_exclude_like_any_other() -> None:
    """Anchors without a filter get a key of their own, which no label may be."""
    shifted = Labels(LABELS.factual - 5, LABELS.emotional - 5)
    best = best_matches(similarity())
    for one, other in zip(
        anchors_of(rows_of(WHOLE), MIXED, shifted, best=best), anchors(WHOLE, MIXED), strict=True
    ):
        assert negatives(one) == negatives(other)


def test_a_block_of_rows_is_that_of_the_whole() -> None:
    found, _ = anchors(OWN, "weak")
    assert torch.equal(found.negatives(slice(1, 3)), found.negatives(slice(0, 5))[1:3])


@pytest.mark.parametrize("partition", [*PARTITIONS, MIXED])
@pytest.mark.parametrize("chunk", [None, 2])
def test_losses_of_a_part_are_those_of_its_samples(partition: str | Tensor, chunk: int | None) -> None:
    s = similarity()
    found = sample_losses(rows_of(OWN), partition, LABELS, best=best_matches(s), temperature=0.2, chunk=chunk)
    expected = []
    for place in range(OWN.start, OWN.stop):
        own = partition if isinstance(partition, str) else PARTITIONS[partition[place]]
        expected.append(naive.sample_loss(s, place, own, F, E, 0.2))
    torch.testing.assert_close(found, torch.stack(expected), rtol=1e-10, atol=1e-12)


def test_a_partition_of_no_such_name_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown partition 'week'; known: strong, partial_emotional"):
        anchors(WHOLE, "week")
